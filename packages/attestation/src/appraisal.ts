import { AttestationError, type PolicyErrorCode } from "./error.ts";

/** One thing about genuine evidence that a policy does not want. */
export interface AppraisalViolation {
  readonly code: PolicyErrorCode;
  readonly message: string;
}

/** Collects violations, since a policy's reader wants all of them, not the first. */
export interface Appraisal {
  readonly violations: AppraisalViolation[];
  /** Notes a violation. */
  refuseIf(unwanted: boolean, code: PolicyErrorCode, message: string): void;
}

export function createAppraisal(): Appraisal {
  const violations: AppraisalViolation[] = [];
  return {
    violations,
    refuseIf(unwanted, code, message) {
      if (unwanted) violations.push({ code, message });
    },
  };
}

/** Throws the first of the violations, naming all: the others' codes too, its own is the error's. */
export function requireAccepted(violations: readonly AppraisalViolation[]): void {
  const [first, ...others] = violations;
  if (first === undefined) return;
  const also = others.map(({ code, message }) => `, ${code} (${message})`).join("");
  throw new AttestationError(first.code, `refused by policy: ${first.message}${also}`);
}
