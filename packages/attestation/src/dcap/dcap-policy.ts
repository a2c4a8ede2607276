import { equalBytes } from "@carrara/encoding";
import { type Appraisal, createAppraisal } from "../appraisal.ts";
import type { TcbStatus } from "./tcb-status.ts";
import type { VerifiedQuote } from "./verified-quote.ts";

/** What genuine quotes of every TEE must say to be accepted. What is left out has the strict default. */
export interface DcapPolicy {
  /** 64 bytes, or `any` written out. */
  readonly reportData: Uint8Array | "any";
  /** Default: UpToDate only. */
  readonly acceptedStatuses?: readonly TcbStatus[];
  /** Undefined accepts whatever advisories the accepted statuses come with. */
  readonly allowedAdvisories?: readonly string[];
  readonly minTcbEvaluationDataNumber?: number;
  /** Longest time since TCB info and QE identity were issued, in seconds; undefined: their own expiry. */
  readonly maxCollateralAgeSeconds?: number;
  /** Accepts OutOfDate for this long after `tcbDate`; undefined: only where the status is accepted. */
  readonly graceSeconds?: number;
  /** Default false: evidence must rest on hardware. */
  readonly acceptSimulation?: boolean;
  /** Default false. */
  readonly allowDebug?: boolean;
}

/** Appraises what all quotes share (specification section 2.5); what is special is for the caller to add. */
export function appraiseDcap(verified: VerifiedQuote, policy: DcapPolicy): Appraisal {
  const appraisal = createAppraisal();
  const { refuseIf } = appraisal;
  refuseIf(
    verified.assurance !== "hardware" && policy.acceptSimulation !== true,
    "POLICY_SIMULATION",
    "evidence is a simulation, hardware needed",
  );
  appraiseTcb(verified, policy, appraisal);
  refuseIf(
    verified.body.debug && policy.allowDebug !== true,
    "POLICY_DEBUG",
    `the ${verified.tee === "sgx" ? "enclave" : "td"} runs in debug mode`,
  );
  refuseIf(
    policy.reportData !== "any" && !equalBytes(verified.body.reportData, policy.reportData),
    "POLICY_REPORT_DATA",
    "report data is not what was expected",
  );
  return appraisal;
}

function appraiseTcb(verified: VerifiedQuote, policy: DcapPolicy, { refuseIf }: Appraisal): void {
  const { status, advisoryIds, tcbEvaluationDataNumber } = verified;
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
  // Not `<`: a bound that is missing in untyped code must refuse, not accept.
  const needed = policy.minTcbEvaluationDataNumber ?? 0;
  refuseIf(
    !(tcbEvaluationDataNumber >= needed),
    "POLICY_TCB_EVALUATION_NUMBER",
    `tcb evaluation data number is ${tcbEvaluationDataNumber}, at least ${needed} needed`,
  );
  const age = verified.verifiedAt.getTime() - verified.collateral.earliestIssue.getTime();
  const limit = policy.maxCollateralAgeSeconds;
  refuseIf(
    limit !== undefined && !(age <= 1000 * limit),
    "POLICY_COLLATERAL_AGE",
    `collateral was issued ${Math.floor(age / 1000)} s ago, at most ${limit} s accepted`,
  );
}

function isInGrace(
  { status, tcbDate, verifiedAt }: VerifiedQuote,
  graceSeconds: number | undefined,
): boolean {
  if (graceSeconds === undefined || status !== "OutOfDate") return false;
  return verifiedAt.getTime() <= tcbDate.getTime() + 1000 * graceSeconds;
}
