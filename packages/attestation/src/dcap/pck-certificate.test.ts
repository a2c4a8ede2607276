import { der, encodeDer, toHex } from "@carrara/encoding";
import {
  commonName,
  type Extension,
  generateEcKey,
  issueCertificate,
  parseCertificate,
} from "@carrara/pki";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttestationError } from "../error.ts";
import { encodePckExtension, type PckInfo, readPckInfo } from "./pck-certificate.ts";

const SGX = "1.2.840.113741.1.13.1";
const key = generateEcKey("P-256");

async function infoOf(...extensions: Extension[]): Promise<PckInfo> {
  const { spki, signer } = await key;
  const template = {
    serial: new Uint8Array([1]),
    issuer: commonName("SIMULATION SGX PCK Platform CA"),
    subject: commonName("SIMULATION SGX PCK Certificate"),
    notBefore: new Date(0),
    notAfter: new Date(1e12),
    spki,
    extensions,
  };
  return readPckInfo(parseCertificate(await issueCertificate(template, signer)));
}

async function codeOf(value: Uint8Array): Promise<string> {
  try {
    await infoOf({ oid: SGX, critical: false, value });
    return "read";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

const pair = (suffix: string, value: Uint8Array): Uint8Array =>
  der.sequence(der.oid(`${SGX}.${suffix}`), value);
const octets = (length: number): Uint8Array => der.octetString(new Uint8Array(length));

/** Entries of a processor CA's extension, by their arc. */
function entries(): Map<string, Uint8Array> {
  const components = Array.from({ length: 16 }, (_, i) => pair(`2.${i + 1}`, der.integer(i)));
  const tcb = [...components, pair("2.17", der.integer(11)), pair("2.18", octets(16))];
  return new Map([
    ["1", octets(16)],
    ["2", der.sequence(...tcb)],
    ["3", octets(2)],
    ["4", octets(6)],
    ["5", der.enumerated(0)],
  ]);
}

function extensionValue(map: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return der.sequence(...[...map].map(([arc, value]) => pair(arc, value)));
}

describe("the SGX extension", () => {
  test("is read as it was written", async () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
      fc.uint8Array({ minLength: length, maxLength: length });
    const fields = fc.record({
      ppid: bytes(16),
      cpuSvn: bytes(16),
      pceSvn: fc.nat(0xffff),
      pceId: bytes(2),
      fmspc: bytes(6),
      platformInstanceId: bytes(16),
    });
    await fc.assert(
      fc.asyncProperty(fields, async (written) => {
        expect(await infoOf(encodePckExtension(written))).toEqual({
          ppid: toHex(written.ppid),
          cpuSvn: toHex(written.cpuSvn),
          sgxTcbComponents: [...written.cpuSvn],
          pceSvn: written.pceSvn,
          pceId: toHex(written.pceId),
          fmspc: toHex(written.fmspc),
          platformInstanceId: toHex(written.platformInstanceId),
          sgxType: "Scalable",
          ca: "SIMULATION SGX PCK Platform CA",
          cpuSvnDiffers: false,
        });
      }),
      { numRuns: 30 },
    );
  });

  test("of a processor CA has five entries, and may show a CPUSVN that differs", async () => {
    const info = await infoOf({ oid: SGX, critical: false, value: extensionValue(entries()) });
    expect(info).toMatchObject({ sgxType: "Standard", pceSvn: 11, cpuSvnDiffers: true });
    expect(info.platformInstanceId).toBeUndefined();
  });

  test("is needed: CERT_WRONG_ROLE without it", async () => {
    await expect(infoOf()).rejects.toMatchObject({ code: "CERT_WRONG_ROLE" });
  });

  const wrong: readonly (readonly [string, (map: Map<string, Uint8Array>) => unknown])[] = [
    ["no PPID", (map) => map.delete("1")],
    ["no TCB", (map) => map.delete("2")],
    ["no FMSPC", (map) => map.delete("4")],
    ["six entries", (map) => map.set("6", octets(16))],
    ["an unknown entry", (map) => map.set("9", octets(16))],
    ["a long FMSPC", (map) => map.set("4", octets(7))],
    ["a PCEID of another type", (map) => map.set("3", der.integer(0))],
    ["an unknown SGX type", (map) => map.set("5", der.enumerated(3))],
    ["an incomplete TCB", (map) => map.set("2", der.sequence(pair("2.1", der.integer(1))))],
    ["a TCB component above 255", (map) => map.set("2", tcbWith("2.1", der.integer(256)))],
    ["a negative TCB component", (map) => map.set("2", tcbWith("2.1", der.integer(-1)))],
    ["a PCESVN above 65535", (map) => map.set("2", tcbWith("2.17", der.integer(65536)))],
    ["a TCB component twice", (map) => map.set("2", tcbWith("2.2", der.integer(1), "2.1"))],
    ["an empty configuration", (map) => map.set("6", octets(16)).set("7", der.sequence())],
  ];

  function tcbWith(suffix: string, value: Uint8Array, as = suffix): Uint8Array {
    const names = [...Array.from({ length: 18 }, (_, i) => `2.${i + 1}`)];
    return der.sequence(
      ...names.map((name) => {
        if (name === suffix) return pair(as, value);
        return pair(name, name === "2.18" ? octets(16) : der.integer(1));
      }),
    );
  }

  test.each(wrong)("is CERT_MALFORMED with %s", async (_, change) => {
    const map = entries();
    change(map);
    expect(await codeOf(extensionValue(map))).toBe("CERT_MALFORMED");
  });

  test("is CERT_MALFORMED with an entry twice or of a foreign arc", async () => {
    const good = [...entries()].map(([arc, value]) => pair(arc, value));
    const foreign = der.sequence(der.oid("1.2.3.4"), octets(16));
    for (const extra of [pair("1", octets(16)), foreign]) {
      expect(await codeOf(der.sequence(...good.slice(1), extra, extra))).toBe("CERT_MALFORMED");
    }
    expect(await codeOf(encodeDer(0x31))).toBe("CERT_MALFORMED");
  });

  test("of any bytes is CERT_MALFORMED", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), async (value) => {
        expect(await codeOf(value)).toBe("CERT_MALFORMED");
      }),
      { numRuns: 50 },
    );
  });
});
