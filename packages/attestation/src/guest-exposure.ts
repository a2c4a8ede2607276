import type { AppraisalViolation } from "./appraisal.ts";
import { appraiseTdx } from "./dcap/tdx-policy.ts";
import type { PolicyErrorCode } from "./error.ts";
import type { VerifiedEvidence } from "./evidence-verifier.ts";
import { appraiseSnp } from "./snp/policy.ts";

/** What other parts of a policy decide: what runs, under whose root, at which TCB level, in debug or not. */
const DECIDED_ELSEWHERE: ReadonlySet<PolicyErrorCode> = new Set([
  "POLICY_SIMULATION",
  "POLICY_TCB_STATUS",
  "POLICY_DEBUG",
]);

/**
 * Ways that the launch of a virtual machine leaves open for its host to reach into it, by the default
 * policies of sections 2.5 and 2.6: migration, a service TD, injected page faults, a report that the
 * host asked for. An SGX enclave has none of them.
 */
export function guestExposure(verified: VerifiedEvidence): AppraisalViolation[] {
  const any = { measurement: "any", reportData: "any" } as const;
  if (verified.tee === "sgx") return [];
  const violations =
    verified.tee === "tdx"
      ? appraiseTdx(verified, any)
      : appraiseSnp(verified, { ...any, vmpl: "any" });
  return violations.filter(({ code }) => !DECIDED_ELSEWHERE.has(code));
}
