import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { promisify } from "node:util";
import { equalBytes } from "@carrara/encoding";
import { type EcdsaVerifier, PkiError, parseCertificate } from "@carrara/pki";

/** The certificate that a peer showed in TLS. */
export interface TlsPeer {
  /** DER. */
  readonly peerCertificate: Uint8Array;
  /** The key in the certificate as TLS has read it, as long as TLS knows. */
  readonly peerKey?: () => KeyObject | undefined;
}

const verifyElsewhere = promisify(verify);

/**
 * Checks the signatures of certificate requests. On P-256 that takes 70 µs, less than waking another
 * thread; on the longer curves it takes ten times as long, which other connections need not wait for.
 * Marbles make a request with the key of their connection: where it is, byte for byte, the key that
 * TLS has read is taken, because OpenSSL takes 140 µs to read one.
 */
export function requestVerifier({ peerCertificate, peerKey }: TlsPeer): EcdsaVerifier {
  return ({ spki, curve, hash, signature, data }) => {
    const known = isKeyOf(peerCertificate, spki) ? peerKey?.() : undefined;
    const key = known ?? createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    const check = { key, dsaEncoding: "ieee-p1363" } as const;
    return curve === "P-256"
      ? verify(hash, data, check, signature)
      : verifyElsewhere(hash, data, check, signature);
  };
}

function isKeyOf(certificate: Uint8Array, spki: Uint8Array): boolean {
  try {
    return equalBytes(parseCertificate(certificate).spki, spki);
  } catch (error) {
    // TLS takes certificates that are not read here: the request's key is read from the request.
    if (error instanceof PkiError) return false;
    throw error;
  }
}
