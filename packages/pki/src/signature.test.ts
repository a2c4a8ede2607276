import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { EncodingError } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PkiError } from "./error.ts";
import { OID } from "./oid.ts";
import {
  ecdsaFromDer,
  ecdsaToDer,
  generateEcKey,
  importEcKey,
  verifySignature,
} from "./signature.ts";

const DATA = new TextEncoder().encode("data");

describe("an ECDSA signature", () => {
  test.each([32, 48, 66])("of %i octets a number comes back from its DER form", (octets) => {
    const fixed = fc.uint8Array({ minLength: 2 * octets, maxLength: 2 * octets });
    fc.assert(
      fc.property(fixed, (signature) => {
        expect(ecdsaFromDer(ecdsaToDer(signature), octets)).toEqual(signature);
      }),
    );
  });

  test("of any bytes is converted or refused with a code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          expect(ecdsaFromDer(bytes, 32)).toHaveLength(64);
        } catch (error) {
          expect(error instanceof EncodingError || error instanceof PkiError).toBe(true);
        }
      }),
    );
  });

  test("with a number too long for the curve, or negative, is refused", () => {
    const long = ecdsaToDer(new Uint8Array(96).fill(1));
    const negative = new Uint8Array([48, 6, 2, 1, 0xff, 2, 1, 1]);
    for (const bytes of [long, negative]) {
      expect(() => ecdsaFromDer(bytes, 32)).toThrow(PkiError);
    }
  });
});

describe.each(["P-256", "P-384"] as const)("a key on %s", (curve) => {
  const algorithm = curve === "P-256" ? OID.ecdsaWithSha256 : OID.ecdsaWithSha384;

  test("signs what Node and WebCrypto verify, also after storing it", async () => {
    const { spki, pkcs8, signer } = await generateEcKey(curve);
    const stored = await importEcKey(curve, pkcs8, spki);
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    for (const one of [signer, stored.signer]) {
      const signature = await one.sign(DATA);
      expect(await verifySignature(spki, algorithm, signature, DATA)).toBe(true);
      expect(verify(curve === "P-256" ? "sha256" : "sha384", DATA, key, signature)).toBe(true);
    }
  });

  test("does not verify other data, other keys or another hash", async () => {
    const { spki, signer } = await generateEcKey(curve);
    const other = await generateEcKey(curve);
    const signature = await signer.sign(DATA);
    expect(await verifySignature(spki, algorithm, signature, DATA.subarray(1))).toBe(false);
    expect(await verifySignature(other.spki, algorithm, signature, DATA)).toBe(false);
    expect(await verifySignature(spki, OID.ecdsaWithSha512, signature, DATA)).toBe(false);
  });
});

test("algorithms that are unknown, or do not fit the key, are refused with KEY_UNSUPPORTED", async () => {
  const { spki, signer } = await generateEcKey("P-256");
  const signature = await signer.sign(DATA);
  await expect(verifySignature(spki, "1.2.3", signature, DATA)).rejects.toMatchObject({
    code: "KEY_UNSUPPORTED",
  });
  const { publicKey } = generateKeyPairSync("ed25519");
  const ed25519 = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
  await expect(
    verifySignature(ed25519, OID.ecdsaWithSha256, signature, DATA),
  ).rejects.toMatchObject({ code: "KEY_UNSUPPORTED" });
});
