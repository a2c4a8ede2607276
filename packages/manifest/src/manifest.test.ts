import { fromHex, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";
import { codeOf } from "./testing/code-of.ts";
import { emojivotoManifest } from "./testing/emojivoto-manifest.ts";

const parse = (value: unknown) =>
  parseManifest(utf8(typeof value === "string" ? value : JSON.stringify(value)));

const withFile = (file: unknown) => ({ Marbles: { m: { Parameters: { Files: { "/f": file } } } } });
const fileOf = (file: unknown) =>
  parse(withFile(file)).marbles.get("m")?.parameters.files.get("/f");

describe("a manifest", () => {
  test("of the emojivoto shape is read, its obsolete keys ignored", () => {
    const manifest = parse(emojivotoManifest());
    expect([...manifest.marbles.keys()]).toEqual(["web", "emoji-svc", "voting-svc"]);
    expect(manifest.packages.get("voting-svc")).toMatchObject({
      productId: 6n,
      securityVersion: 1,
    });
    expect(manifest.secrets.get("webCertShared")).toMatchObject({
      type: "cert-ecdsa",
      size: 256,
      shared: true,
      userDefined: false,
      validFor: 7,
      cert: { subject: { commonName: "localhost" }, dnsNames: ["localhost"] },
    });
    expect(manifest.tls.get("web")?.incoming).toEqual([
      { port: "4433", addr: "", cert: "webCertShared", disableClientAuth: true },
    ]);
  });

  test("with every field null equals one without fields", () => {
    const nothing = {
      Packages: {
        p: {
          Debug: null,
          UniqueID: null,
          SignerID: null,
          ProductID: null,
          SecurityVersion: null,
          AcceptedTCBStatuses: null,
          AcceptedAdvisories: null,
        },
      },
      Infrastructures: { i: { CPUSVN: null, QESVN: null, PCESVN: null, RootCA: null } },
      Marbles: {
        m: {
          Package: null,
          MaxActivations: null,
          Parameters: { Files: null, Env: null, Argv: null },
          TLS: null,
          DisableSecretBinding: null,
        },
      },
      Users: null,
      Secrets: {
        s: {
          Type: null,
          Size: null,
          Shared: null,
          UserDefined: null,
          Cert: null,
          ValidFor: null,
          Private: null,
          Public: null,
        },
      },
      RecoveryKeys: null,
      Roles: null,
      TLS: null,
      Config: null,
    };
    expect(parse(nothing)).toEqual(
      parse({
        Packages: { p: {} },
        Infrastructures: { i: {} },
        Marbles: { m: {} },
        Secrets: { s: {} },
      }),
    );
  });

  test("matches section names in any case, entry names exactly", () => {
    const manifest = parse('{"PACKAGES":{"A":{"DEBUG":true},"a":{}}}');
    expect([...manifest.packages].map(([name, { debug }]) => [name, debug])).toEqual([
      ["A", true],
      ["a", false],
    ]);
  });

  test("keeps a 64-bit product id", () => {
    const manifest = parse('{"Packages":{"p":{"ProductID":18446744073709551615}}}');
    expect(manifest.packages.get("p")?.productId).toBe(18446744073709551615n);
  });

  test("reads the certificate template with Go's names", () => {
    const cert = {
      Subject: { Country: ["DE"], ExtraNames: [{ Type: [2, 5, 4, 3], Value: "cn" }] },
      IPAddresses: ["127.0.0.1"],
      URIs: [{ Scheme: "https", Host: "h" }, null],
      KeyUsage: 5,
      ExtKeyUsage: [1, 2],
      UnknownExtKeyUsage: [[1, 3, 9]],
      NotAfter: "2030-01-02T03:04:05Z",
      IsCA: true,
      MaxPathLen: -1,
      PermittedIPRanges: [{ IP: "10.0.0.0", Mask: "/wAAAA==" }],
      SubjectKeyId: "AQI=",
      ExtraExtensions: [{ Id: [1, 2], Critical: true, Value: "AA==" }],
    };
    expect(parse({ Secrets: { s: { Cert: cert } } }).secrets.get("s")?.cert).toMatchObject({
      subject: { country: ["DE"], extraNames: [{ type: [2, 5, 4, 3], value: "cn" }] },
      ipAddresses: ["127.0.0.1"],
      uris: [{ scheme: "https", host: "h", path: "" }],
      keyUsage: 5,
      extKeyUsage: [1, 2],
      unknownExtKeyUsage: [[1, 3, 9]],
      notAfter: new Date("2030-01-02T03:04:05Z"),
      isCa: true,
      maxPathLen: -1,
      permittedIpRanges: [{ ip: "10.0.0.0", mask: Uint8Array.of(255, 0, 0, 0) }],
      subjectKeyId: Uint8Array.of(1, 2),
      extraExtensions: [{ id: [1, 2], critical: true, value: Uint8Array.of(0) }],
    });
  });

  test.each<[string, unknown, string]>([
    ["a port that is a number", { TLS: { t: { Incoming: [{ Port: 4433 }] } } }, "JSON_TYPE"],
    ["a URI that is text", { Secrets: { s: { Cert: { URIs: ["https://h"] } } } }, "JSON_TYPE"],
    ["a QESVN of 17 bits", { Infrastructures: { i: { QESVN: 65536 } } }, "JSON_NUMBER"],
    ["a negative version", { Packages: { p: { SecurityVersion: -1 } } }, "JSON_NUMBER"],
    ["text behind the document", "{} x", "JSON_TRAILING"],
    ["YAML", "Packages:\n  p: {}\n", "JSON_SYNTAX"],
  ])("with %s is refused", (_name, value, code) => {
    expect(codeOf(() => parse(value))).toBe(code);
  });

  test("of any bytes is a manifest or a ManifestError", () => {
    const good = utf8(JSON.stringify(emojivotoManifest()));
    const damaged = fc
      .tuple(fc.nat(good.length - 1), fc.nat(255))
      .map(([position, byte]) => good.with(position, byte));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), damaged), (bytes) => {
        codeOf(() => parseManifest(bytes));
      }),
      { numRuns: 300 },
    );
  });
});

describe("a file entry", () => {
  test.each<[string, unknown, string, boolean]>([
    ["plain text", "héllo", "68c3a96c6c6f", false],
    ["an object", { Data: "x" }, "78", false],
    ["text by name", { Data: "x", Encoding: "String" }, "78", false],
    ["base64 in any case", { Data: "AP8=", Encoding: "BASE64" }, "00ff", false],
    ["base64 with line ends", { Data: "AP\r\n8=", Encoding: "base64" }, "00ff", false],
    ["hex", { Data: "00fF", Encoding: "hex" }, "00ff", false],
    ["no templates", { Data: "{{", NoTemplates: true }, "7b7b", true],
    ["null fields", { Data: null, Encoding: null, NoTemplates: null }, "", false],
    ["keys in any case", { data: "61", ENCODING: "hex" }, "61", false],
  ])("given as %s is decoded", (_name, file, hex, noTemplates) => {
    expect(fileOf(file)).toEqual({ data: fromHex(hex), noTemplates });
  });

  test.each<[string, unknown, string]>([
    ["null", null, "MANIFEST_FILE_ENTRY"],
    ["a number", 1, "MANIFEST_FILE_ENTRY"],
    ["a boolean", true, "MANIFEST_FILE_ENTRY"],
    ["an array", ["a"], "MANIFEST_FILE_ENTRY"],
    ["data of another type", { Data: 1 }, "JSON_TYPE"],
    ["an unknown encoding", { Data: "x", Encoding: "utf-8" }, "MANIFEST_FILE_ENCODING"],
    ["broken base64", { Data: "x", Encoding: "base64" }, "MANIFEST_FILE_ENCODING"],
    ["broken hex", { Data: "0", Encoding: "hex" }, "MANIFEST_FILE_ENCODING"],
  ])("given as %s is refused", (_name, file, code) => {
    expect(codeOf(() => fileOf(file))).toBe(code);
  });

  test("in Env follows the same rules", () => {
    const manifest = { Marbles: { m: { Parameters: { Env: { A: null } } } } };
    expect(codeOf(() => parse(manifest))).toBe("MANIFEST_FILE_ENTRY");
  });
});
