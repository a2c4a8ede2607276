import { type AppraisalViolation, createAppraisal } from "./appraisal.ts";
import { appraiseSgx } from "./dcap/sgx-policy.ts";
import { appraiseTdx } from "./dcap/tdx-policy.ts";
import type { EvidencePolicy } from "./evidence-policy.ts";
import type { VerifiedEvidence } from "./evidence-verifier.ts";
import { appraiseSnp } from "./snp/policy.ts";

/**
 * Appraises verified evidence of any TEE; an empty list accepts it. Evidence of a TEE that the policy
 * says nothing about has the violation `POLICY_MEASUREMENT`.
 */
export function appraiseEvidence(
  verified: VerifiedEvidence,
  policy: EvidencePolicy,
): AppraisalViolation[] {
  switch (verified.tee) {
    case "sgx":
      return policy.sgx === undefined ? unforeseen("sgx") : appraiseSgx(verified, policy.sgx);
    case "tdx":
      return policy.tdx === undefined ? unforeseen("tdx") : appraiseTdx(verified, policy.tdx);
    case "snp":
      return policy.snp === undefined ? unforeseen("snp") : appraiseSnp(verified, policy.snp);
  }
}

function unforeseen(tee: string): AppraisalViolation[] {
  const { violations, refuseIf } = createAppraisal();
  refuseIf(true, "POLICY_MEASUREMENT", `the policy accepts no evidence of ${tee}`);
  return violations;
}
