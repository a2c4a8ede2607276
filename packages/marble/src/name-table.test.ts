import { describe, expect, test } from "vitest";
import { createDialRouter } from "./dial-route.ts";
import { createNameTable } from "./name-table.ts";
import type { TlsEntry } from "./tls-entries.ts";

describe("a name table", () => {
  test("gives every name an address of its own, the same at every start", () => {
    const hosts = Array.from({ length: 1000 }, (_, index) => `host-${index}`);
    const table = createNameTable(hosts);
    const again = createNameTable([...hosts].reverse());
    const addresses = hosts.map((host) => table.addressOf(host));
    expect(new Set(addresses).size).toBe(1000);
    expect(addresses).toEqual(hosts.map((host) => again.addressOf(host)));
    for (const host of hosts) expect(table.nameOf(table.addressOf(host) ?? "")).toBe(host);
  });

  test.each(["localhost", "10.0.0.1", "::1", "unknown"])("has no stand-in for %s", (host) => {
    expect(createNameTable(["localhost", "10.0.0.1", "::1"]).addressOf(host)).toBeUndefined();
  });
});

describe("a dial router", () => {
  const entry: TlsEntry = { context: {}, clientAuth: false };
  const target = { host: "127.0.0.1", port: 41001 };
  const names = createNameTable(["emoji", "voting", "localhost"]);
  const router = createDialRouter({
    names,
    outgoing: new Map([
      ["emoji:8080", entry],
      ["localhost:7000", entry],
      ["10.0.0.1:8080", entry],
    ]),
    dial: new Map([
      ["emoji:8080", target],
      ["voting:8080", target],
    ]),
  });
  const standIn = names.addressOf("emoji") ?? "";

  test.each([
    ["emoji", 8080, { name: "emoji", address: target, entry }],
    ["EMOJI.", 8080, { name: "emoji", address: target, entry }],
    [standIn, 8080, { name: "emoji", address: target, entry }],
    [`::ffff:${standIn}`, 8080, { name: "emoji", address: target, entry }],
    [standIn, 9090, { name: "emoji", address: { host: "emoji", port: 9090 }, entry: undefined }],
    ["voting", 8080, { name: "voting", address: target, entry: undefined }],
    ["127.0.0.1", 7000, { name: "localhost", address: { host: "127.0.0.1", port: 7000 }, entry }],
    ["::1", 7000, { name: "localhost", address: { host: "::1", port: 7000 }, entry }],
    ["10.0.0.1", 8080, { name: "10.0.0.1", address: { host: "10.0.0.1", port: 8080 }, entry }],
    ["emoji", 80, undefined],
    ["127.0.0.1", 80, undefined],
    ["example.org", 8080, undefined],
  ])("routes %s:%i", (host, port, route) => {
    expect(router(host, port)).toEqual(route);
  });
});
