import { equalBytes } from "@carrara/encoding";
import { type Appraisal, type AppraisalViolation, createAppraisal } from "../appraisal.ts";
import type { GuestPolicyFlag, PlatformInfoFlag } from "./guest-policy.ts";
import { componentsBelow, type SnpTcb } from "./tcb.ts";
import type { SnpClaims, VerifiedSnpReport } from "./verified-report.ts";

/** Highest privilege level number of a guest; a report with another one is the host's. */
const MAX_GUEST_VMPL = 3;

/** Flags that must be set, and ones that must not. */
export interface FlagPolicy<T extends string> {
  readonly required?: readonly T[];
  readonly forbidden?: readonly T[];
}

/** What a verifier's owner accepts of genuine SNP evidence (specification section 2.6, end). */
export interface SnpPolicy {
  /** 48 bytes, or `any` written out. */
  readonly measurement: Uint8Array | "any";
  /** 64 bytes, or `any` written out. */
  readonly reportData: Uint8Array | "any";
  /** `any` is any level of a guest, 0 to 3. A report that the host asked for has 0xffffffff. */
  readonly vmpl: number | "any";
  /** Default false: evidence must rest on hardware. */
  readonly acceptSimulation?: boolean;
  /** Default false. */
  readonly allowDebug?: boolean;
  /** Default false: an agent that migrates the guest can read it. */
  readonly allowMigrationAgent?: boolean;
  /** Default true, since genuine clouds run firmware that they have not committed yet. */
  readonly permitProvisionalFirmware?: boolean;
  /** Default false; true refuses evidence that was verified without a revocation list. */
  readonly requireCrl?: boolean;
  /**
   * Least security versions, on REPORTED and on COMMITTED. Recommended: AMD publishes no status of
   * firmware, so nothing else here tells old from new.
   */
  readonly minTcb?: Partial<SnpTcb>;
  /** Least firmware ABI that the guest policy demands. */
  readonly minAbi?: { readonly major: number; readonly minor: number };
  readonly guestPolicy?: FlagPolicy<GuestPolicyFlag>;
  readonly platformInfo?: FlagPolicy<PlatformInfoFlag>;
  /** SHA-384 digests; one must be the report's. */
  readonly idKeyDigests?: readonly Uint8Array[];
  readonly authorKeyDigests?: readonly Uint8Array[];
  /** 32 bytes. */
  readonly hostData?: Uint8Array;
  /** Providers whose VLEK is accepted; a VCEK, which names none, is then refused. */
  readonly cspIds?: readonly string[];
  /** Bits that must be set in the mitigation vectors, which reports have from version 5 on. */
  readonly minLaunchMitVector?: bigint;
  readonly minCurrentMitVector?: bigint;
}

/** Appraises verified evidence; an empty list accepts it. All violations are listed, not the first only. */
export function appraiseSnp(verified: VerifiedSnpReport, policy: SnpPolicy): AppraisalViolation[] {
  const appraisal = createAppraisal();
  const { refuseIf } = appraisal;
  const { claims } = verified;
  refuseIf(
    verified.assurance !== "hardware" && policy.acceptSimulation !== true,
    "POLICY_SIMULATION",
    "evidence is a simulation, hardware needed",
  );
  appraiseIdentity(claims, policy, appraisal);
  appraiseLaunch(claims, policy, appraisal);
  appraiseFirmware(verified, policy, appraisal);
  const { cspId } = verified.vek;
  refuseIf(
    policy.cspIds !== undefined && (cspId === undefined || !policy.cspIds.includes(cspId)),
    "POLICY_PLATFORM_INFO",
    "the key is not lent to an accepted provider",
  );
  refuseIf(
    policy.requireCrl === true && !verified.crlChecked,
    "POLICY_COLLATERAL_AGE",
    "verified without a revocation list, one needed",
  );
  return appraisal.violations;
}

/** Who the guest is, and for whom it asked. */
function appraiseIdentity(claims: SnpClaims, policy: SnpPolicy, { refuseIf }: Appraisal): void {
  const differs = (have: Uint8Array, want: Uint8Array | "any" | undefined): boolean =>
    want !== "any" && (want === undefined || !equalBytes(have, want));
  const isNoneOf = (have: Uint8Array, wanted: readonly Uint8Array[] | undefined): boolean =>
    wanted !== undefined && !wanted.some((want) => equalBytes(have, want));
  refuseIf(
    differs(claims.measurement, policy.measurement),
    "POLICY_MEASUREMENT",
    "the measurement is another one",
  );
  refuseIf(
    differs(claims.reportData, policy.reportData),
    "POLICY_REPORT_DATA",
    "report data is not what was expected",
  );
  refuseIf(
    differs(claims.hostData, policy.hostData ?? "any"),
    "POLICY_HOST_DATA",
    "host data is not what was expected",
  );
  refuseIf(
    isNoneOf(claims.idKeyDigest, policy.idKeyDigests),
    "POLICY_ID_KEY",
    "the id key is not an accepted one",
  );
  refuseIf(
    isNoneOf(claims.authorKeyDigest, policy.authorKeyDigests),
    "POLICY_ID_KEY",
    "the author key is not an accepted one",
  );
}

/** How the guest was launched, and how its platform is set up. */
function appraiseLaunch(claims: SnpClaims, policy: SnpPolicy, { refuseIf }: Appraisal): void {
  const { vmpl, policyBits, platformInfoBits } = claims;
  refuseIf(
    policyBits.debug && policy.allowDebug !== true,
    "POLICY_DEBUG",
    "the guest may be debugged",
  );
  refuseIf(
    policyBits.migrateMa && policy.allowMigrationAgent !== true,
    "POLICY_MIGRATE_MA",
    "the guest may be handed to a migration agent",
  );
  refuseIf(
    policy.vmpl === "any" ? vmpl > MAX_GUEST_VMPL : vmpl !== policy.vmpl,
    "POLICY_VMPL",
    `vmpl is ${vmpl}, ${policy.vmpl} needed`,
  );
  const { major, minor } = policy.minAbi ?? { major: 0, minor: 0 };
  const have = policyBits.abiMajor * 256 + policyBits.abiMinor;
  refuseIf(
    !(have >= major * 256 + minor),
    "POLICY_GUEST_POLICY",
    `the guest demands firmware abi ${policyBits.abiMajor}.${policyBits.abiMinor}, ${major}.${minor} needed`,
  );
  const guest = wrongFlags(policyBits, policy.guestPolicy);
  refuseIf(guest !== "", "POLICY_GUEST_POLICY", `guest policy flags are wrong: ${guest}`);
  const platform = wrongFlags(platformInfoBits, policy.platformInfo);
  refuseIf(platform !== "", "POLICY_PLATFORM_INFO", `platform flags are wrong: ${platform}`);
}

function wrongFlags<T extends string>(
  flags: Readonly<Record<T, boolean>>,
  { required = [], forbidden = [] }: FlagPolicy<T> = {},
): string {
  // Not truthiness: a flag of another name is undefined, and neither set nor clear.
  const wrong = [
    ...required.filter((name) => flags[name] !== true),
    ...forbidden.filter((name) => flags[name] !== false),
  ];
  return wrong.join(", ");
}

/** How old the firmware is. */
function appraiseFirmware(
  { claims, warnings }: VerifiedSnpReport,
  policy: SnpPolicy,
  { refuseIf }: Appraisal,
): void {
  const { minTcb = {} } = policy;
  const below = [claims.reportedTcb, claims.committedTcb].flatMap((tcb) =>
    componentsBelow(tcb, minTcb),
  );
  refuseIf(
    below.length > 0,
    "POLICY_MIN_TCB",
    `firmware is older than needed: ${[...new Set(below)].join(", ")}`,
  );
  refuseIf(
    warnings.includes("TCB_INCONSISTENT"),
    "POLICY_MIN_TCB",
    "committed or reported firmware is newer than what runs",
  );
  refuseIf(
    lacksBits(claims.launchMitVector, policy.minLaunchMitVector) ||
      lacksBits(claims.currentMitVector, policy.minCurrentMitVector),
    "POLICY_MIN_TCB",
    "a mitigation that is needed is not in force",
  );
  refuseIf(
    warnings.includes("PROVISIONAL_FIRMWARE") && policy.permitProvisionalFirmware === false,
    "POLICY_PROVISIONAL_FIRMWARE",
    "the firmware is not committed and can be rolled back",
  );
}

function lacksBits(have: bigint | undefined, need: bigint | undefined): boolean {
  return need !== undefined && (have === undefined || (have & need) !== need);
}
