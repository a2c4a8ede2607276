import { encodePem, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";
import { codeOf } from "./testing/code-of.ts";
import { emojivotoManifest } from "./testing/emojivoto-manifest.ts";
import {
  buildTlsConfig,
  encodeTlsConfig,
  parseTlsConfig,
  type TlsMaterial,
  type TlsSecret,
} from "./tls-config.ts";

const material: TlsMaterial = {
  marbleRootCert: Uint8Array.of(1),
  marbleCert: Uint8Array.of(2),
  marbleKey: Uint8Array.of(3),
  secrets: new Map<string, TlsSecret>([
    ["webCertShared", { cert: Uint8Array.of(4), private: Uint8Array.of(5) }],
    ["unset", {}],
  ]),
};
const ROOT = encodePem("CERTIFICATE", Uint8Array.of(1));
const own = {
  caCert: ROOT,
  cert: encodePem("CERTIFICATE", Uint8Array.of(2)),
  key: encodePem("PRIVATE KEY", Uint8Array.of(3)),
};
const parse = (value: unknown) => parseManifest(utf8(JSON.stringify(value)));
const withTags = (tags: object, names = Object.keys(tags)) =>
  parse({ Marbles: { m: { TLS: names } }, TLS: tags });

describe("the TLS configuration", () => {
  test("of the web marble names its targets and its public listener", () => {
    const config = buildTlsConfig(parse(emojivotoManifest()), "web", material);
    expect([...(config?.outgoing ?? [])]).toEqual([
      ["emoji-svc.emojivoto:8080", { ...own, clientAuth: undefined }],
      ["voting-svc.emojivoto:8080", { ...own, clientAuth: undefined }],
    ]);
    expect([...(config?.incoming ?? [])]).toEqual([
      [
        "*:4433",
        {
          caCert: ROOT,
          cert: encodePem("CERTIFICATE", Uint8Array.of(4)),
          key: encodePem("PRIVATE KEY", Uint8Array.of(5)),
          clientAuth: false,
        },
      ],
    ]);
  });

  test("of a mutual listener demands client certificates", () => {
    const config = buildTlsConfig(parse(emojivotoManifest()), "emoji-svc", material);
    expect(config?.incoming.get("*:8080")).toEqual({ ...own, clientAuth: true });
    expect(config?.outgoing.size).toBe(0);
  });

  test("follows DisableClientAuth where a certificate is named", () => {
    const manifest = withTags({ t: { Incoming: [{ Port: "1", Cert: "webCertShared" }] } });
    expect(buildTlsConfig(manifest, "m", material)?.incoming.get("*:1")?.clientAuth).toBe(true);
  });

  test("of several tags merges, the later one overwriting", () => {
    const manifest = withTags({
      a: { Incoming: [{ Port: "1" }, { Port: "2" }] },
      b: { Incoming: [{ Port: "1", Cert: "webCertShared", DisableClientAuth: true }] },
    });
    const incoming = buildTlsConfig(manifest, "m", material)?.incoming;
    expect([...(incoming ?? [])].map(([key, { clientAuth }]) => [key, clientAuth])).toEqual([
      ["*:1", false],
      ["*:2", true],
    ]);
  });

  test("of an unset secret has PEM blocks with empty bodies", () => {
    const manifest = withTags({
      t: { Incoming: [{ Port: "1", Cert: "unset", DisableClientAuth: true }] },
    });
    expect(buildTlsConfig(manifest, "m", material)?.incoming.get("*:1")).toMatchObject({
      cert: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
      key: "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
    });
  });

  test("of a marble without tags is none", () => {
    expect(buildTlsConfig(withTags({}), "m", material)).toBeUndefined();
  });

  test.each([
    ["marble", withTags({}), "x", "TLS_CONFIG_MARBLE_UNKNOWN"],
    ["tag", withTags({}, ["t"]), "m", "TLS_CONFIG_TAG_UNKNOWN"],
    [
      "secret",
      withTags({ t: { Incoming: [{ Port: "1", Cert: "x" }] } }),
      "m",
      "TLS_CONFIG_SECRET_UNKNOWN",
    ],
  ])("of an unknown %s is refused", (_name, manifest, marble, code) => {
    expect(codeOf(() => buildTlsConfig(manifest, marble, material))).toBe(code);
  });
});

describe("the JSON form", () => {
  test("has both maps, sorted keys, and no clientAuth on outgoing entries", () => {
    const entry = { caCert: "ca", cert: "c", key: "k" };
    const config = {
      incoming: new Map(),
      outgoing: new Map([
        ["b:1", { ...entry, clientAuth: undefined }],
        ["a:1", { ...entry, clientAuth: undefined }],
      ]),
    };
    expect(encodeTlsConfig(config)).toBe(
      '{"tls":{"Incoming":{},"Outgoing":{"a:1":{"cacrt":"ca","clicrt":"c","clikey":"k"},"b:1":{"cacrt":"ca","clicrt":"c","clikey":"k"}}}}',
    );
  });

  test("reads back what was written", () => {
    const entry = fc.record({
      caCert: fc.string(),
      cert: fc.string(),
      key: fc.string(),
      clientAuth: fc.option(fc.boolean(), { nil: undefined }),
    });
    const entries = fc.array(fc.tuple(fc.string(), entry)).map((list) => new Map(list));
    fc.assert(
      fc.property(fc.record({ incoming: entries, outgoing: entries }), (config) => {
        expect(parseTlsConfig(utf8(encodeTlsConfig(config)))).toEqual(config);
      }),
    );
  });

  test.each([
    "",
    "{}",
    '{"tls":null}',
    "[]",
    '{"tls":{"Incoming":{"*:1":{"clientAuth":"yes"}}}}',
    "{} x",
  ])("refuses %j", (text) => {
    expect(codeOf(() => parseTlsConfig(utf8(text)))).toBe("TLS_CONFIG_MALFORMED");
  });

  test("gives a value or TLS_CONFIG_MALFORMED for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(["none", "TLS_CONFIG_MALFORMED"]).toContain(codeOf(() => parseTlsConfig(bytes)));
      }),
    );
  });
});
