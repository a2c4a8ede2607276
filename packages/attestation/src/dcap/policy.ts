import { equalBytes } from "@carrara/encoding";
import type { PolicyErrorCode } from "../error.ts";
import type { TcbStatus } from "./tcb-status.ts";
import type { VerifiedSgxQuote } from "./verified-quote.ts";

/**
 * Which code may have made the evidence. A signer alone is not enough: it would accept every old
 * version and every other product of that signer (specification section 2.5).
 */
export type SgxMeasurementPolicy =
  | { readonly mrEnclave: Uint8Array }
  | { readonly mrSigner: Uint8Array; readonly isvProdId: number; readonly minIsvSvn: number }
  | "any";

/** What genuine evidence must say to be accepted. What is left out has the strict default. */
export interface SgxPolicy {
  readonly measurement: SgxMeasurementPolicy;
  /** 64 bytes, or `any` written out. */
  readonly reportData: Uint8Array | "any";
  /** Default: UpToDate only. */
  readonly acceptedStatuses?: readonly TcbStatus[];
  /** Undefined accepts whatever advisories the accepted statuses come with. */
  readonly allowedAdvisories?: readonly string[];
  readonly minTcbEvaluationDataNumber?: number;
  /** Accepts OutOfDate for this long after `tcbDate`; undefined: only where the status is accepted. */
  readonly graceSeconds?: number;
  /** Default false: evidence must rest on hardware. */
  readonly acceptSimulation?: boolean;
  /** Default false. */
  readonly allowDebug?: boolean;
}

/** One thing about genuine evidence that a policy does not want. */
export interface AppraisalViolation {
  readonly code: PolicyErrorCode;
  readonly message: string;
}

/** Appraises verified evidence; an empty list accepts it. All violations are listed, not the first only. */
export function appraiseSgx(verified: VerifiedSgxQuote, policy: SgxPolicy): AppraisalViolation[] {
  const { status, advisoryIds, body, assurance, tcbEvaluationDataNumber } = verified;
  const violations: AppraisalViolation[] = [];
  const refuseIf = (unwanted: boolean, code: PolicyErrorCode, message: string): void => {
    if (unwanted) violations.push({ code, message });
  };
  refuseIf(
    assurance !== "hardware" && policy.acceptSimulation !== true,
    "POLICY_SIMULATION",
    "evidence is a simulation, hardware needed",
  );
  const accepted = policy.acceptedStatuses ?? ["UpToDate"];
  refuseIf(
    !accepted.includes(status) && !isInGrace(verified, policy.graceSeconds),
    "POLICY_TCB_STATUS",
    `tcb status is ${status}, accepted are ${accepted.join(", ")}`,
  );
  const strangers = advisoryIds.filter((id) => policy.allowedAdvisories?.includes(id) === false);
  refuseIf(
    strangers.length > 0,
    "POLICY_ADVISORY",
    `advisories ${strangers.join(", ")} are not accepted`,
  );
  const needed = policy.minTcbEvaluationDataNumber ?? 0;
  refuseIf(
    !(tcbEvaluationDataNumber >= needed),
    "POLICY_TCB_EVALUATION_NUMBER",
    `tcb evaluation data number is ${tcbEvaluationDataNumber}, at least ${needed} needed`,
  );
  refuseIf(
    body.debug && policy.allowDebug !== true,
    "POLICY_DEBUG",
    "the enclave runs in debug mode",
  );
  violations.push(...measurementViolations(verified, policy.measurement));
  refuseIf(
    policy.reportData !== "any" && !equalBytes(body.reportData, policy.reportData),
    "POLICY_REPORT_DATA",
    "report data is not what was expected",
  );
  return violations;
}

function isInGrace(
  { status, tcbDate, verifiedAt }: VerifiedSgxQuote,
  graceSeconds: number | undefined,
): boolean {
  if (graceSeconds === undefined || status !== "OutOfDate") return false;
  return verifiedAt.getTime() <= tcbDate.getTime() + 1000 * graceSeconds;
}

function measurementViolations(
  { body }: VerifiedSgxQuote,
  measurement: SgxMeasurementPolicy,
): AppraisalViolation[] {
  if (measurement === "any") return [];
  if ("mrEnclave" in measurement) {
    if (equalBytes(body.mrEnclave, measurement.mrEnclave)) return [];
    return [{ code: "POLICY_MRENCLAVE", message: "the measurement is another one" }];
  }
  const { mrSigner, isvProdId, minIsvSvn } = measurement;
  const violations: AppraisalViolation[] = [];
  if (!equalBytes(body.mrSigner, mrSigner)) {
    violations.push({ code: "POLICY_MRSIGNER", message: "the signer is another one" });
  }
  if (body.isvProdId !== isvProdId) {
    const message = `product id is ${body.isvProdId}, ${isvProdId} needed`;
    violations.push({ code: "POLICY_ISV_PROD_ID", message });
  }
  // Not `<`: a bound that is missing in untyped code must refuse, not accept.
  if (!(body.isvSvn >= minIsvSvn)) {
    const message = `security version is ${body.isvSvn}, at least ${minIsvSvn} needed`;
    violations.push({ code: "POLICY_ISV_SVN", message });
  }
  return violations;
}
