import type { VerifiedEvidence } from "../evidence-verifier.ts";
import type { EarEvidence } from "./trustworthiness.ts";

/** What a verifier of this library found, in the form that results are written of. */
export function earEvidenceOf(verified: VerifiedEvidence): EarEvidence {
  const { tee, assurance } = verified;
  if (verified.tee === "snp") {
    return { tee, assurance, warnings: verified.warnings, debug: verified.claims.policyBits.debug };
  }
  const { status, advisoryIds, body } = verified;
  return { tee, assurance, status, advisoryIds, debug: body.debug };
}
