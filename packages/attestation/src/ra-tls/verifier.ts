import { equalBytes } from "@carrara/encoding";
import type { Certificate } from "@carrara/pki";
import { copyBytes } from "../copy-bytes.ts";
import { AttestationError } from "../error.ts";
import { checkRaTlsBinding } from "./binding.ts";
import { locateEvidence } from "./certificate.ts";
import { checkCertificateSignature, checkValidity } from "./certificate-signature.ts";
import type { RaTlsEvidence } from "./evidence.ts";
import { decodeEvidence } from "./read-evidence.ts";
import { raTlsReportDataOf } from "./report-data.ts";

/** What a verifier of quotes or reports says at least. */
export interface AttestedReport {
  /** The 64 bytes that the attested side chose. */
  readonly reportData: Uint8Array;
}

/** Input of a verification of a peer's certificate, which may come from an attacker. */
export interface RaTlsVerification<T extends AttestedReport> {
  /** DER. */
  readonly certificate: Uint8Array;
  /**
   * Verifies and appraises the raw quote or report, and throws unless it is welcome. `vekChain` has
   * the certificates that come with an SEV-SNP report (VEK, then ASK), unverified; else it is empty.
   */
  verifyEvidence(evidence: Uint8Array, vekChain: readonly Uint8Array[]): Promise<T>;
  /** DER certificate of the CA that must have issued the certificate; without: self-signed. */
  readonly ca?: Uint8Array;
  /** DER certificates between, from the certificate's issuer upwards. */
  readonly intermediates?: readonly Uint8Array[];
  /** The claims must repeat it; legacy evidence cannot. */
  readonly nonce?: Uint8Array;
  /** Default `enforce`. `ignore` is for evidence of the past; CAs must be in force all the same. */
  readonly certValidity?: "enforce" | "ignore";
  readonly now: Date;
}

/** A certificate whose key is the attested side's own. */
export interface VerifiedRaTls<T extends AttestedReport> {
  readonly certificate: Certificate;
  readonly evidence: RaTlsEvidence;
  /** What `verifyEvidence` gave. */
  readonly attestation: T;
}

/**
 * Verifies a peer's certificate by the steps of section 6.2, in their order; what it gives, it gives
 * after the last. Throws AttestationError: `VERIFIER_INPUT`, `CERT_MALFORMED`, `RATLS_…`,
 * `POLICY_NONCE`, `QUOTE_…`, and what `verifyEvidence` throws. That the peer has the key is for the TLS handshake to show.
 */
export async function verifyRaTls<T extends AttestedReport>(
  input: RaTlsVerification<T>,
): Promise<VerifiedRaTls<T>> {
  const { ca, intermediates, certValidity = "enforce" } = input;
  // Everything is copied before the first wait: the caller may change its objects meanwhile.
  const now = new Date(input.now);
  if (Number.isNaN(now.getTime())) {
    throw new AttestationError("VERIFIER_INPUT", "the time of verification is no date");
  }
  const nonce = input.nonce && copyBytes(input.nonce);
  const located = locateEvidence(copyBytes(input.certificate));
  const { certificate } = located;
  await checkCertificateSignature(certificate, {
    ca: ca && copyBytes(ca),
    intermediates: intermediates?.map(copyBytes),
    now,
  });
  const evidence = decodeEvidence(located);
  const reportData = raTlsReportDataOf(evidence);
  await checkRaTlsBinding(evidence, reportData);
  checkNonce(evidence, nonce);
  const attestation = await attest(input, evidence, reportData);
  if (certValidity !== "ignore") checkValidity(certificate, now);
  return { certificate, evidence, attestation };
}

function checkNonce(evidence: RaTlsEvidence, nonce: Uint8Array | undefined): void {
  if (nonce === undefined) return;
  const had = "claims" in evidence ? evidence.claims.nonce : undefined;
  if (had !== undefined && equalBytes(had, nonce)) return;
  throw new AttestationError("POLICY_NONCE", "the claims have no nonce or another one");
}

async function attest<T extends AttestedReport>(
  input: RaTlsVerification<T>,
  evidence: RaTlsEvidence,
  reportData: Uint8Array,
): Promise<T> {
  const vekChain = evidence.kind === "sev-snp" ? evidence.vekChain.map(copyBytes) : [];
  const attestation = await input.verifyEvidence(copyBytes(evidence.evidence), vekChain);
  // What was verified must be what was bound to the key.
  if (equalBytes(attestation.reportData, reportData)) return attestation;
  throw new AttestationError("RATLS_CLAIMS_HASH", "other evidence was verified than was bound");
}
