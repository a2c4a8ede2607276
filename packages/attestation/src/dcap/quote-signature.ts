import { concatBytes, equalBytes } from "@carrara/encoding";
import { type ImportedKey, importP256Point, type QuoteCrypto } from "../crypto.ts";
import { AttestationError } from "../error.ts";
import type { Quote } from "./quote.ts";

/**
 * Steps 9 and 10 of section 2.3: the PCK key signed the QE's report, which commits to the
 * attestation key. Throws `QE_REPORT_SIGNATURE_INVALID`, `QE_REPORT_DATA_MISMATCH`.
 */
export async function verifyQuotingEnclave(
  quote: Quote,
  pckKey: ImportedKey,
  { sha256, verifyP256 }: QuoteCrypto,
): Promise<void> {
  if (!(await verifyP256(pckKey, quote.qeReportSignature, quote.qeReport.raw))) {
    throw new AttestationError(
      "QE_REPORT_SIGNATURE_INVALID",
      "qe report signature does not verify",
    );
  }
  const digest = await sha256(concatBytes(quote.attestationKey, quote.qeAuthData));
  if (!equalBytes(quote.qeReport.reportData, concatBytes(digest, new Uint8Array(32)))) {
    throw new AttestationError("QE_REPORT_DATA_MISMATCH", "qe report is about another key");
  }
}

/** The attestation key of a quote. Throws `QUOTE_KEY_INVALID`. */
export async function importAttestationKey(point: Uint8Array): Promise<ImportedKey> {
  try {
    return await importP256Point(point);
  } catch (cause) {
    throw new AttestationError("QUOTE_KEY_INVALID", "attestation key is not on P-256", { cause });
  }
}

/** Step 12 of section 2.3. Throws `QUOTE_SIGNATURE_INVALID`. */
export async function verifyQuoteSignature(
  quote: Quote,
  key: ImportedKey,
  { verifyP256 }: QuoteCrypto,
): Promise<void> {
  if (!(await verifyP256(key, quote.signature, quote.signedBytes))) {
    throw new AttestationError("QUOTE_SIGNATURE_INVALID", "quote signature does not verify");
  }
}
