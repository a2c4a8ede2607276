import { describe, expect, test } from "vitest";
import { tlsConfig } from "./testing/start-program.ts";
import { createTestMesh } from "./testing/test-mesh.ts";
import { readTlsEntries } from "./tls-entries.ts";

const mesh = await createTestMesh();
const entry = await mesh.entry(["web"], { clientAuth: true });
const other = await mesh.entry(["web"]);
const EMPTY = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
const EMPTY_KEY = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n";

describe("readTlsEntries", () => {
  test("reads listeners by port and peers by address", () => {
    const { incoming, outgoing } = readTlsEntries(
      tlsConfig({ "*:80": entry }, { "Web:80": other }),
    );
    expect(incoming.get(80)?.clientAuth).toBe(true);
    expect(outgoing.get("web:80")?.clientAuth).toBe(false);
  });

  test.each([
    ["no root", { ...entry, caCert: "" }],
    ["an empty root", { ...entry, caCert: EMPTY }],
    ["a broken root", { ...entry, caCert: "-----BEGIN CERTIFICATE-----\n" }],
    ["a root that is no certificate", { ...entry, caCert: entry.key }],
    ["no certificate", { ...entry, cert: "" }],
    ["an unset certificate secret", { ...entry, cert: EMPTY, key: EMPTY_KEY }],
    ["no key", { ...entry, key: "" }],
    ["the key of another certificate", { ...entry, key: other.key }],
  ])("refuses an entry with %s as TLS_CONFIG_INVALID", (_, bad) => {
    const invalid = expect.objectContaining({ code: "TLS_CONFIG_INVALID" });
    expect(() => readTlsEntries(tlsConfig({ "*:80": bad }, {}))).toThrow(invalid);
    expect(() => readTlsEntries(tlsConfig({}, { "web:80": bad }))).toThrow(invalid);
  });

  test.each(["80", "*:0", "*:x", "0.0.0.0:80", ""])("refuses %j as a listener's address", (key) => {
    expect(() => readTlsEntries(tlsConfig({ [key]: entry }, {}))).toThrow(
      expect.objectContaining({ code: "TLS_CONFIG_INVALID" }),
    );
  });

  test.each(["web", "web:0", ":80"])("refuses %j as a peer's address", (key) => {
    expect(() => readTlsEntries(tlsConfig({}, { [key]: entry }))).toThrow(
      expect.objectContaining({ code: "TLS_CONFIG_INVALID" }),
    );
  });
});
