import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { concatBytes, fromHex } from "@carrara/encoding";
import type { Ed25519Sign } from "../note-signature.ts";
import { createVerifierKey, type VerifierKey, type VerifierKeyType } from "../verifier-key.ts";

const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420");
const SPKI_PREFIX_BYTES = 12;

/** A key that signs notes in tests. */
export interface TestSigner {
  readonly key: VerifierKey;
  readonly sign: Ed25519Sign;
}

/** The Ed25519 key of a seed: 32 bytes, or a number that fills them. */
export function createTestSigner(
  name: string,
  type: VerifierKeyType = "ed25519",
  seed: Uint8Array | number = 1,
): TestSigner {
  const bytes = typeof seed === "number" ? new Uint8Array(32).fill(seed) : seed;
  const pkcs8 = Buffer.from(concatBytes(PKCS8_PREFIX, bytes));
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX_BYTES));
  return {
    key: createVerifierKey(name, type, publicKey),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
