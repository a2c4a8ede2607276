import { createHash, KeyObject, verify } from "node:crypto";
import type { QuoteCrypto } from "@carrara/attestation";

/**
 * Checks of quotes on the thread that asks: a P-256 verification takes 50 µs, less than WebCrypto
 * needs to wake another thread. An activation costs a tenth less processor time so.
 */
export const NODE_QUOTE_CRYPTO: QuoteCrypto = Object.freeze({
  sha256: (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
  verifyP256: (key, signature, data) =>
    verify("sha256", data, { key: KeyObject.from(key), dsaEncoding: "ieee-p1363" }, signature),
} satisfies QuoteCrypto);
