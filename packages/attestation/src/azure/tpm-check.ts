import { concatBytes, equalBytes } from "@carrara/encoding";
import { toBase64Url } from "../base64url.ts";
import { sha256 } from "../crypto.ts";
import { AttestationError } from "../error.ts";
import { parseTpmQuote, type TpmQuote } from "./tpm-quote.ts";

const RSASSA_SHA256 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const ALGORITHM_SHA256 = 0x000b;
const PCR_BYTES = 32;

/** A virtual TPM's quote as evidence carries it. */
export interface TpmQuoteEvidence {
  /** TPMS_ATTEST. */
  readonly message: Uint8Array;
  /** The bare RSA signature over it. */
  readonly signature: Uint8Array;
  /** SHA-256 values of the selected PCRs, by ascending number. */
  readonly pcrs: readonly Uint8Array[];
}

/** What a quote must say. */
export interface TpmQuoteExpectation {
  /** Modulus of the signing key; its exponent is 65537. */
  readonly modulus: Uint8Array;
  readonly nonce: Uint8Array;
  /** Numbers of the PCRs, ascending. */
  readonly pcrIndices: readonly number[];
}

/** A quote that is fresh, with the values of its PCRs by number. */
export interface VerifiedTpmQuote {
  readonly quote: TpmQuote;
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
}

/**
 * Checks a quote's signature and then what it says (section 2.7). Throws
 * `TPM_QUOTE_SIGNATURE_INVALID`, `TPM_QUOTE_MALFORMED`, and `TPM_QUOTE_MISMATCH` for another nonce,
 * other PCRs or other values.
 */
export async function verifyTpmQuote(
  evidence: TpmQuoteEvidence,
  expected: TpmQuoteExpectation,
): Promise<VerifiedTpmQuote> {
  const { message, signature, pcrs } = evidence;
  if (!(await isSignedBy(expected.modulus, signature, message))) {
    const text = "tpm quote is not signed by the attestation key";
    throw new AttestationError("TPM_QUOTE_SIGNATURE_INVALID", text);
  }
  const quote = parseTpmQuote(message);
  if (!equalBytes(quote.extraData, expected.nonce)) throw mismatch("has another nonce");
  checkSelection(quote, expected.pcrIndices);
  const fits =
    pcrs.length === expected.pcrIndices.length && pcrs.every(({ length }) => length === PCR_BYTES);
  if (!fits || !equalBytes(await sha256(concatBytes(...pcrs)), quote.pcrDigest)) {
    throw mismatch("is over other pcr values");
  }
  return { quote, pcrs: new Map(pcrs.map((value, i) => [expected.pcrIndices[i] ?? i, value])) };
}

function checkSelection({ pcrSelection }: TpmQuote, indices: readonly number[]): void {
  const [bank, second] = pcrSelection;
  const fits =
    bank?.algorithm === ALGORITHM_SHA256 &&
    second === undefined &&
    bank.indices.length === indices.length &&
    bank.indices.every((index, i) => index === indices[i]);
  if (!fits) throw mismatch("is over other pcrs");
}

async function isSignedBy(
  modulus: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const jwk = { kty: "RSA", n: toBase64Url(modulus), e: "AQAB", ext: true };
  try {
    const key = await crypto.subtle.importKey("jwk", jwk, RSASSA_SHA256, false, ["verify"]);
    return await crypto.subtle.verify(RSASSA_SHA256, key, signature, data);
  } catch {
    // A key that cannot be used verifies nothing.
    return false;
  }
}

function mismatch(message: string): AttestationError {
  return new AttestationError("TPM_QUOTE_MISMATCH", `tpm quote ${message}`);
}
