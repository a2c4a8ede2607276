import { equalBytes } from "@carrara/encoding";
import type { Appraisal, AppraisalViolation } from "../appraisal.ts";
import type { PolicyErrorCode } from "../error.ts";
import { appraiseDcap, type DcapPolicy } from "./dcap-policy.ts";
import { readTdAttributes } from "./td-report.ts";
import type { VerifiedTdxQuote } from "./verified-quote.ts";

const RTMRS = ["rtMr0", "rtMr1", "rtMr2", "rtMr3"] as const;
const CONFIG_REGISTERS = ["mrConfigId", "mrOwner", "mrOwnerConfig"] as const;

/** Which TD may have made the evidence: 48 bytes each. A register that is left out may have any value. */
export type TdxMeasurementPolicy =
  | ({ readonly mrTd: Uint8Array } & {
      readonly [Register in (typeof RTMRS)[number]]?: Uint8Array;
    })
  | "any";

/** What genuine TDX evidence must say to be accepted. What is left out has the strict default. */
export interface TdxPolicy extends DcapPolicy {
  readonly measurement: TdxMeasurementPolicy;
  /** Values that the host set at launch, 48 bytes each; undefined accepts any. */
  readonly mrConfigId?: Uint8Array;
  readonly mrOwner?: Uint8Array;
  readonly mrOwnerConfig?: Uint8Array;
  /** 8 bytes; undefined accepts any. */
  readonly tdAttributes?: Uint8Array;
  readonly xfam?: Uint8Array;
  /** Default: no service TD (zero); `any` accepts one that is not known. */
  readonly mrServiceTd?: Uint8Array | "any";
  /** Default false: SEPT_VE_DISABLE must be set. */
  readonly allowSeptVe?: boolean;
  /** Default false. */
  readonly allowMigratable?: boolean;
  /** Default false: attributes that affect security and that nobody here knows are refused. */
  readonly allowUnknownAttributes?: boolean;
}

/** Appraises verified evidence; an empty list accepts it. All violations are listed, not the first only. */
export function appraiseTdx(verified: VerifiedTdxQuote, policy: TdxPolicy): AppraisalViolation[] {
  const appraisal = appraiseDcap(verified, policy);
  appraiseMeasurement(verified, policy, appraisal);
  appraiseAttributes(verified, policy, appraisal);
  const service = policy.mrServiceTd ?? new Uint8Array(48);
  const { mrServiceTd } = verified.body;
  appraisal.refuseIf(
    service !== "any" && mrServiceTd !== undefined && !equalBytes(mrServiceTd, service),
    "POLICY_MR_SERVICE_TD",
    "a service td that was not expected is bound to the td",
  );
  return appraisal.violations;
}

function appraiseMeasurement(
  { body }: VerifiedTdxQuote,
  policy: TdxPolicy,
  { refuseIf }: Appraisal,
): void {
  const need = (code: PolicyErrorCode, name: string, had: Uint8Array, wanted?: Uint8Array): void =>
    refuseIf(wanted !== undefined && !equalBytes(had, wanted), code, `${name} is another one`);
  if (policy.measurement !== "any") {
    // Not optional: what untyped code leaves out here is compared, and throws.
    const same = equalBytes(body.mrTd, policy.measurement.mrTd);
    refuseIf(!same, "POLICY_MRTD", "mrtd is another one");
    for (const name of RTMRS) need("POLICY_RTMR", name, body[name], policy.measurement[name]);
  }
  for (const name of CONFIG_REGISTERS) need("POLICY_MR_CONFIG", name, body[name], policy[name]);
}

function appraiseAttributes(
  { body }: VerifiedTdxQuote,
  policy: TdxPolicy,
  { refuseIf }: Appraisal,
): void {
  const { septVeDisable, migratable, unknownSecurityBits } = readTdAttributes(body);
  const { tdAttributes, xfam } = policy;
  refuseIf(
    tdAttributes !== undefined && !equalBytes(body.tdAttributes, tdAttributes),
    "POLICY_TD_ATTRIBUTES",
    "td attributes are not what was expected",
  );
  refuseIf(
    unknownSecurityBits.length > 0 && policy.allowUnknownAttributes !== true,
    "POLICY_TD_ATTRIBUTES",
    `td attributes ${unknownSecurityBits.join(", ")} affect security and are not known`,
  );
  refuseIf(
    xfam !== undefined && !equalBytes(body.xfam, xfam),
    "POLICY_XFAM",
    "xfam is not what was expected",
  );
  refuseIf(
    !septVeDisable && policy.allowSeptVe !== true,
    "POLICY_SEPT_VE_DISABLE",
    "the td lets the host inject page faults (SEPT_VE_DISABLE is clear)",
  );
  refuseIf(
    migratable && policy.allowMigratable !== true,
    "POLICY_TD_MIGRATABLE",
    "the td can be migrated",
  );
}
