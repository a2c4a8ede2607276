import { concatBytes, equalBytes, fromHex } from "@carrara/encoding";
import { toBase64Url } from "./base64url.ts";
import { readLe } from "./byte-reader.ts";
import { copyBytes } from "./copy-bytes.ts";
import { sha256 } from "./crypto.ts";
import { AttestationError } from "./error.ts";

/** Size of a SIGSTRUCT in bytes. */
export const SIGSTRUCT_BYTES = 1808;

const HEADER = fromHex("06000000e10000000000010000000000");
const HEADER2 = fromHex("01010000600000006000000001000000");
const RSA_BYTES = 384;

/** An enclave's signature structure (specification section 1.9). Byte fields are views. */
export interface Sigstruct {
  /** 384 bytes, little endian. */
  readonly modulus: Uint8Array;
  readonly exponent: number;
  /** 384 bytes, little endian. */
  readonly signature: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributeMask: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly isvProdId: number;
  readonly isvSvn: number;
  readonly q1: Uint8Array;
  readonly q2: Uint8Array;
  /** What the signature covers. */
  readonly signedBytes: Uint8Array;
}

/** Parses a SIGSTRUCT of exactly 1808 bytes; does not check its signature. Throws `SIGSTRUCT_MALFORMED`. */
export function parseSigstruct(bytes: Uint8Array): Sigstruct {
  if (bytes.length !== SIGSTRUCT_BYTES) {
    throw new AttestationError(
      "SIGSTRUCT_MALFORMED",
      `sigstruct has ${bytes.length} bytes, ${SIGSTRUCT_BYTES} needed`,
    );
  }
  const field = (start: number, length: number): Uint8Array =>
    bytes.subarray(start, start + length);
  if (!equalBytes(field(0, 16), HEADER) || !equalBytes(field(24, 16), HEADER2)) {
    throw new AttestationError("SIGSTRUCT_MALFORMED", "sigstruct headers are not the known ones");
  }
  const exponent = readLe(field(512, 4));
  if (exponent !== 3) {
    throw new AttestationError("SIGSTRUCT_MALFORMED", `exponent is ${exponent}, 3 needed`);
  }
  return {
    modulus: field(128, RSA_BYTES),
    exponent,
    signature: field(516, RSA_BYTES),
    attributes: field(928, 16),
    attributeMask: field(944, 16),
    mrEnclave: field(960, 32),
    isvProdId: readLe(field(1024, 2)),
    isvSvn: readLe(field(1026, 2)),
    q1: field(1040, RSA_BYTES),
    q2: field(1424, RSA_BYTES),
    signedBytes: concatBytes(field(0, 128), field(900, 128)),
  };
}

function fromLe(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/**
 * Parses a SIGSTRUCT and verifies its RSA-3072 PKCS#1 v1.5 signature and the helper values Q1, Q2.
 * Throws `SIGSTRUCT_MALFORMED`, `SIGSTRUCT_SIGNATURE_INVALID`.
 */
export async function verifySigstruct(bytes: Uint8Array): Promise<Sigstruct> {
  const sigstruct = parseSigstruct(copyBytes(bytes));
  const invalid = (message: string, cause?: unknown): AttestationError =>
    new AttestationError("SIGSTRUCT_SIGNATURE_INVALID", message, { cause });
  const parameters = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  let valid: boolean;
  try {
    const jwk = { kty: "RSA", n: toBase64Url(sigstruct.modulus.toReversed()), e: "Aw" };
    const key = await crypto.subtle.importKey("jwk", jwk, parameters, false, ["verify"]);
    const signature = sigstruct.signature.toReversed();
    valid = await crypto.subtle.verify(parameters, key, signature, sigstruct.signedBytes);
  } catch (cause) {
    throw invalid("modulus or signature cannot be used", cause);
  }
  if (!valid) throw invalid("signature does not verify");
  const [n, s] = [fromLe(sigstruct.modulus), fromLe(sigstruct.signature)];
  const q1 = (s * s) / n;
  const q2 = (s * s * s - q1 * s * n) / n;
  if (q1 !== fromLe(sigstruct.q1) || q2 !== fromLe(sigstruct.q2)) {
    throw invalid("q1 and q2 do not fit the signature");
  }
  return sigstruct;
}

/** MRSIGNER: SHA-256 over the modulus as it lies in the SIGSTRUCT, little endian. */
export async function mrSignerOf(modulus: Uint8Array): Promise<Uint8Array> {
  return await sha256(modulus);
}
