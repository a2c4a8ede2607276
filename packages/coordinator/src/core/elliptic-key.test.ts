import { createPrivateKey, createPublicKey } from "node:crypto";
import { expect, test } from "vitest";
import { generateEncodedP384Key, pkcs8Of, spkiOf } from "./elliptic-key.ts";

/** Enough for coordinates and scalars that begin with zeros: one in 85 keys has one. */
const KEYS = 400;

test("encodings of keys are those that OpenSSL writes", async () => {
  for (let i = 0; i < KEYS; i += 1) {
    const { spki, pkcs8 } = await generateEncodedP384Key();
    const key = createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });
    expect(pkcs8).toEqual(pkcs8Of(key));
    expect(spki).toEqual(spkiOf(key));
    expect(createPublicKey(key).asymmetricKeyDetails).toEqual({ namedCurve: "secp384r1" });
  }
});
