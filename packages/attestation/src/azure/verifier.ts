import { equalBytes } from "@carrara/encoding";
import { copyBytes } from "../copy-bytes.ts";
import { parseQuote } from "../dcap/quote.ts";
import { AttestationError } from "../error.ts";
import { parseSnpReport } from "../snp/report.ts";
import { type HclReport, parseHclReport } from "./hcl-report.ts";
import { type TpmQuoteEvidence, type VerifiedTpmQuote, verifyTpmQuote } from "./tpm-check.ts";

const HASHES = { sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" } as const;
/** PCRs of the PC client profile. */
const PCR_COUNT = 24;

/** Input of a verification. All bytes but the nonce may come from an attacker. */
export interface AzureVtpmVerification<T extends { readonly reportData: Uint8Array }> {
  readonly hclReport: Uint8Array;
  /** The TD quote over the TDREPORT; for SEV-SNP the report is inside the HCL report. */
  readonly tdQuote?: Uint8Array;
  readonly tpmQuote: TpmQuoteEvidence;
  /** Fresh for this call: the hardware report is made once a boot, so only the TPM answers it. */
  readonly nonce: Uint8Array;
  /** Numbers of the PCRs that must be quoted; default 0 to 23. */
  readonly pcrIndices?: readonly number[];
  /** Verifies and appraises the raw SEV-SNP report or TD quote, and throws unless it is welcome. */
  verifyEvidence(evidence: Uint8Array, tee: "snp" | "tdx"): Promise<T>;
}

/** A confidential VM whose virtual TPM, and through it the PCRs, the hardware vouches for. */
export interface VerifiedAzureVtpm<T> extends VerifiedTpmQuote {
  readonly hcl: HclReport;
  /** What `verifyEvidence` gave. */
  readonly attestation: T;
}

/**
 * Verifies Azure's evidence by the checks of section 2.7, in their order. Throws AttestationError:
 * `HCL_MALFORMED`, `HCL_BINDING`, `TPM_QUOTE_…`, `REPORT_…` and `QUOTE_…` of malformed evidence,
 * `VERIFIER_INPUT` without a TD quote where one is needed, and what `verifyEvidence` throws. Whether the PCRs are welcome is for a policy to say.
 */
export async function verifyAzureVtpm<T extends { readonly reportData: Uint8Array }>(
  input: AzureVtpmVerification<T>,
): Promise<VerifiedAzureVtpm<T>> {
  const hcl = parseHclReport(copyBytes(input.hclReport));
  const hardware = hardwareEvidence(hcl, input.tdQuote);
  const { message, signature, pcrs } = input.tpmQuote;
  const tpmQuote = {
    message: copyBytes(message),
    signature: copyBytes(signature),
    pcrs: pcrs.map(copyBytes),
  };
  const expected = {
    modulus: hcl.variables.attestationKeyModulus,
    nonce: copyBytes(input.nonce),
    pcrIndices: [...(input.pcrIndices ?? Array.from({ length: PCR_COUNT }, (_, index) => index))],
  };
  await checkBinding(hcl, hardware.reportData);
  const tpm = await verifyTpmQuote(tpmQuote, expected);
  const attestation = await input.verifyEvidence(copyBytes(hardware.evidence), hardware.tee);
  // What was verified must be what the TPM's key was bound to.
  if (!equalBytes(attestation.reportData, hardware.reportData)) {
    throw new AttestationError("HCL_BINDING", "other evidence was verified than was bound");
  }
  return { hcl, ...tpm, attestation };
}

interface HardwareEvidence {
  readonly tee: "snp" | "tdx";
  readonly evidence: Uint8Array;
  /** Not verified yet. */
  readonly reportData: Uint8Array;
}

function hardwareEvidence(hcl: HclReport, tdQuote: Uint8Array | undefined): HardwareEvidence {
  if (hcl.reportType === "SNP") {
    const evidence = hcl.hardwareReport;
    return { tee: "snp", evidence, reportData: parseSnpReport(evidence).reportData };
  }
  if (tdQuote === undefined) {
    throw new AttestationError("VERIFIER_INPUT", "a td quote is needed for this hcl report");
  }
  const evidence = copyBytes(tdQuote);
  const { tee, body } = parseQuote(evidence);
  if (tee === "tdx") return { tee, evidence, reportData: body.reportData };
  throw new AttestationError("QUOTE_UNSUPPORTED_TEE_TYPE", "quote is not of a td");
}

async function checkBinding(
  { hashType, variableData }: HclReport,
  reportData: Uint8Array,
): Promise<void> {
  const bound = new Uint8Array(reportData.length);
  bound.set(new Uint8Array(await crypto.subtle.digest(HASHES[hashType], variableData)));
  if (equalBytes(bound, reportData)) return;
  throw new AttestationError("HCL_BINDING", "report data is not the hash of the variable data");
}
