import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { concatBytes, fromHex } from "@carrara/encoding";
import { createVerifierKey, type Ed25519Sign, type VerifierKey } from "@carrara/transparency";
import { logKeyOf } from "../log-key.ts";

const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420");
const SPKI_PREFIX_BYTES = 12;

/** A key that signs notes in tests. */
export interface TestSigner {
  readonly key: VerifierKey;
  readonly sign: Ed25519Sign;
}

/** A poll's log key, made of a seed of equal bytes. */
export function createLogSigner(poll: string, seed: number): TestSigner {
  const { publicKey, sign } = createPair(seed);
  return { key: logKeyOf(poll, publicKey), sign };
}

/** A witness' key, made of a seed of equal bytes. */
export function createWitnessSigner(name: string, seed: number): TestSigner {
  const { publicKey, sign } = createPair(seed);
  return { key: createVerifierKey(name, "cosignature", publicKey), sign };
}

function createPair(seed: number): { publicKey: Uint8Array; sign: Ed25519Sign } {
  const pkcs8 = Buffer.from(concatBytes(PKCS8_PREFIX, new Uint8Array(32).fill(seed)));
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX_BYTES)),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}
