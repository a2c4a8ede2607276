import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalHost, hostPortKey, parseHostPort } from "./host-port.ts";

describe("parseHostPort", () => {
  test.each([
    ["emoji-svc.emojivoto:8080", "emoji-svc.emojivoto", 8080],
    ["Emoji-SVC.:80", "emoji-svc", 80],
    ["10.0.0.1:1", "10.0.0.1", 1],
    ["[::1]:65535", "::1", 65535],
    ["::1:443", "::1", 443],
    ["[::ffff:127.0.0.1]:80", "127.0.0.1", 80],
  ])("reads %s", (text, host, port) => {
    expect(parseHostPort(text)).toEqual({ host, port });
  });

  test.each([
    "",
    "host",
    "host:",
    ":80",
    "host:0",
    "host:65536",
    "host:8o",
    "a b:80",
    "host:-1",
    "[::1]",
  ])("finds no address in %j", (text) => {
    expect(parseHostPort(text)).toBeUndefined();
  });

  test("reads back every key it gives", () => {
    const hosts = fc.domain().map(canonicalHost);
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65535 }), (host, port) => {
        expect(parseHostPort(hostPortKey({ host, port }))).toEqual({ host, port });
      }),
    );
  });
});
