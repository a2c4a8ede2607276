import { constants, createPublicKey, verify } from "node:crypto";
import { der } from "@carrara/encoding";
import { beforeAll, describe, expect, test } from "vitest";
import { isSignedBy, issueCertificate, parseCertificate } from "./certificate.ts";
import { issueCrl, parseCrl } from "./crl.ts";
import { commonName } from "./name.ts";
import {
  generateRsaKey,
  importRsaKey,
  isRsaPssSha384,
  type RsaKey,
  rsaPssSha384,
  verifyRsaPssSha384,
} from "./rsa-pss.ts";
import type { Signer } from "./signature.ts";

const DATA = new TextEncoder().encode("data");
const NOW = new Date("2026-06-01T12:00:00Z");

let key: RsaKey;
let other: RsaKey;

beforeAll(async () => {
  // Half of the usual size, which takes a tenth of the time.
  [key, other] = await Promise.all([generateRsaKey(2048), generateRsaKey(2048)]);
});

async function certificateBy(signer: Signer): Promise<Uint8Array> {
  const name = commonName("ARK");
  const times = { notBefore: NOW, notAfter: NOW };
  const serial = new Uint8Array([1]);
  const template = {
    serial,
    issuer: name,
    subject: name,
    spki: key.spki,
    extensions: [],
    ...times,
  };
  return await issueCertificate(template, signer);
}

describe("an RSA key", () => {
  test("signs what Node verifies with 48 octets of salt, also after storing it", async () => {
    const stored = await importRsaKey(key.pkcs8, key.spki);
    const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: "der", type: "spki" });
    for (const { signer } of [key, stored]) {
      const signature = await signer.sign(DATA);
      expect(await verifyRsaPssSha384(key.spki, signature, DATA)).toBe(true);
      const options = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 };
      expect(verify("sha384", DATA, { key: publicKey, ...options }, signature)).toBe(true);
    }
  });

  test("does not verify other data, other keys or damaged signatures", async () => {
    const signature = await key.signer.sign(DATA);
    expect(await verifyRsaPssSha384(key.spki, signature, DATA.subarray(1))).toBe(false);
    expect(await verifyRsaPssSha384(other.spki, signature, DATA)).toBe(false);
    expect(await verifyRsaPssSha384(key.spki, signature.subarray(1), DATA)).toBe(false);
  });

  test("signs certificates and revocation lists", async () => {
    const certificate = parseCertificate(await certificateBy(key.signer));
    expect(isRsaPssSha384(certificate.signatureAlgorithmRaw)).toBe(true);
    expect(await isSignedBy(certificate, key.spki)).toBe(true);
    expect(await isSignedBy(certificate, other.spki)).toBe(false);
    const times = { thisUpdate: NOW, nextUpdate: NOW };
    const template = { issuer: commonName("ARK"), ...times, revoked: [], extensions: [] };
    const crl = parseCrl(await issueCrl(template, key.signer));
    expect(isRsaPssSha384(crl.signatureAlgorithmRaw)).toBe(true);
    expect(await isSignedBy(crl, key.spki)).toBe(true);
    expect(await isSignedBy(crl, other.spki)).toBe(false);
  });

  test("is not asked about other parameters", async () => {
    const algorithm = der.sequence(der.oid("1.2.840.113549.1.1.10"), der.sequence());
    const certificate = parseCertificate(await certificateBy({ ...key.signer, algorithm }));
    await expect(isSignedBy(certificate, key.spki)).rejects.toMatchObject({
      code: "KEY_UNSUPPORTED",
    });
  });
});

describe("the algorithm", () => {
  const sha = (arc: number, ...parameters: readonly Uint8Array[]): Uint8Array =>
    der.sequence(der.oid(`2.16.840.1.101.3.4.2.${arc}`), ...parameters);
  const pss = (hash: Uint8Array, mask: Uint8Array, salt: number, ...more: readonly Uint8Array[]) =>
    der.sequence(
      der.oid("1.2.840.113549.1.1.10"),
      der.sequence(
        der.context(0, hash),
        der.context(1, der.sequence(der.oid("1.2.840.113549.1.1.8"), mask)),
        der.context(2, der.integer(salt)),
        ...more,
      ),
    );
  const sha384 = sha(2, der.null());
  const trailer = (value: number): Uint8Array => der.context(3, der.integer(value));

  test.each<[string, Uint8Array, boolean]>([
    ["itself", pss(sha384, sha384, 48), true],
    ["the default trailer spelled out", pss(sha384, sha384, 48, trailer(1)), true],
    ["another trailer", pss(sha384, sha384, 48, trailer(2)), false],
    ["another salt", pss(sha384, sha384, 32), false],
    ["another hash", pss(sha(1, der.null()), sha384, 48), false],
    ["another mask hash", pss(sha384, sha(1, der.null()), 48), false],
    ["nothing", new Uint8Array(), false],
  ])("is recognised by its bytes: %s", (_, algorithm, expected) => {
    expect(isRsaPssSha384(algorithm)).toBe(expected);
  });

  test("is handed out as a copy", () => {
    rsaPssSha384().fill(0);
    expect(isRsaPssSha384(rsaPssSha384())).toBe(true);
  });
});
