import type { AppraisalViolation } from "../appraisal.ts";
import type { PolicyErrorCode } from "../error.ts";
import type { Assurance } from "../trust-anchor.ts";

/** What is written about verified evidence of any kind; results of every verifier here have it. */
export interface EarEvidence {
  /** `sgx`, `tdx` or `snp`. */
  readonly tee: string;
  readonly assurance: Assurance;
  /** Of the TCB, as Intel calls it; AMD has none. */
  readonly status?: string;
  readonly advisoryIds?: readonly string[];
  /** Things to know that no policy refused, such as `PROVISIONAL_FIRMWARE`. */
  readonly warnings?: readonly string[];
  /** Said beside the warnings, and no reason to think less of the hardware. */
  readonly remarks?: readonly string[];
  /** Whether the host can look inside. */
  readonly debug: boolean;
}

/** One attested thing and what the policy made of it. */
export interface EarSubject {
  readonly evidence: EarEvidence;
  /** All violations; none when the evidence was accepted. */
  readonly violations: readonly AppraisalViolation[];
  /** Whether the measurement is among the reference values, on no list, or on the deny list. */
  readonly measurement: "listed" | "unlisted" | "denied";
  /** Whether chip or platform instance is on a list of the verifier's; default false. */
  readonly instanceListed?: boolean;
  /** What differs from the strict policy by the verifier's own leave, in words. */
  readonly deviations?: readonly string[];
  /** Names the policy. */
  readonly policyId: string;
}

/** AR4SI trustworthiness vector (section 6.4). 0 makes no claim. */
export interface TrustworthinessVector {
  readonly "instance-identity": number;
  readonly configuration: number;
  readonly executables: number;
  readonly "file-system": number;
  readonly hardware: number;
  readonly "runtime-opaque": number;
  readonly "storage-opaque": number;
  readonly "sourced-data": number;
}

/** Status of a submodule, best last but for `none`, which is no claim at all. */
export type EarStatus = "none" | "affirming" | "warning" | "contraindicated";

const TIERS: readonly EarStatus[] = ["none", "affirming", "warning", "contraindicated"];
/** Components of {@link TrustworthinessVector}. */
export const VECTOR_COMPONENTS: readonly (keyof TrustworthinessVector)[] = [
  "instance-identity",
  "configuration",
  "executables",
  "file-system",
  "hardware",
  "runtime-opaque",
  "storage-opaque",
  "sourced-data",
];

const PLATFORM_CODES: ReadonlySet<PolicyErrorCode> = new Set([
  "POLICY_TCB_STATUS",
  "POLICY_ADVISORY",
  "POLICY_TCB_EVALUATION_NUMBER",
  "POLICY_COLLATERAL_AGE",
  "POLICY_MIN_TCB",
  "POLICY_PROVISIONAL_FIRMWARE",
  "POLICY_PLATFORM_INFO",
  "POLICY_SIMULATION",
]);
const MEASUREMENT_CODES: ReadonlySet<PolicyErrorCode> = new Set([
  "POLICY_MRENCLAVE",
  "POLICY_MRSIGNER",
  "POLICY_ISV_PROD_ID",
  "POLICY_ISV_SVN",
  "POLICY_MRTD",
  "POLICY_RTMR",
  "POLICY_MEASUREMENT",
  "POLICY_ID_KEY",
  "POLICY_PCR",
]);

const NO_CLAIM = 0;
const APPROVED = 2;
const APPROVED_BOOT = 3;
const ADVISED_AGAINST = 32;
const UNRECOGNIZED_EXECUTABLES = 33;
const CONTRAINDICATED = 96;
const UNRECOGNIZED_HARDWARE = 97;

/** The vector of a subject, by the table of section 6.4. */
export function trustworthinessOf(subject: EarSubject): TrustworthinessVector {
  const { evidence, instanceListed = false } = subject;
  const opaque = evidence.assurance === "hardware" && !evidence.debug;
  return {
    "instance-identity": instanceListed ? APPROVED : NO_CLAIM,
    configuration: configurationOf(subject),
    executables: executablesOf(subject),
    "file-system": NO_CLAIM,
    hardware: hardwareOf(subject),
    "runtime-opaque": opaque ? APPROVED : CONTRAINDICATED,
    "storage-opaque": NO_CLAIM,
    "sourced-data": NO_CLAIM,
  };
}

function hardwareOf({ evidence, violations }: EarSubject): number {
  // A simulation is no hardware that anybody knows, whatever a policy accepts (section 8.4).
  if (evidence.assurance !== "hardware") return UNRECOGNIZED_HARDWARE;
  if (violations.some(({ code }) => PLATFORM_CODES.has(code))) return CONTRAINDICATED;
  const { status = "UpToDate", advisoryIds = [], warnings = [] } = evidence;
  const clean = status === "UpToDate" && advisoryIds.length === 0 && warnings.length === 0;
  return clean ? APPROVED : ADVISED_AGAINST;
}

function executablesOf({ evidence, measurement, violations }: EarSubject): number {
  if (measurement === "denied") return CONTRAINDICATED;
  const refused = violations.some(({ code }) => MEASUREMENT_CODES.has(code));
  if (refused || measurement === "unlisted") return UNRECOGNIZED_EXECUTABLES;
  // An enclave's measurement has all of its code, that of a VM what it was booted with.
  return evidence.tee === "sgx" ? APPROVED : APPROVED_BOOT;
}

function configurationOf({ evidence, violations, deviations = [] }: EarSubject): number {
  // Whatever a policy refused shows up in one of the components, this one if in no other.
  const refused = violations.some(
    ({ code }) => !PLATFORM_CODES.has(code) && !MEASUREMENT_CODES.has(code),
  );
  if (evidence.debug || refused) return CONTRAINDICATED;
  return deviations.length > 0 ? ADVISED_AGAINST : APPROVED;
}

/** The worst tier of a vector; `none` when it makes no claim. */
export function statusOf(vector: TrustworthinessVector): EarStatus {
  const tiers = VECTOR_COMPONENTS.map((component) => tierOf(vector[component]));
  return TIERS[Math.max(...tiers)] ?? "contraindicated";
}

/** Whether `status` says more good of a subject than its vector does. */
export function isBetterThan(status: EarStatus, vector: TrustworthinessVector): boolean {
  return TIERS.indexOf(status) < TIERS.indexOf(statusOf(vector));
}

/** Tiers of AR4SI reach as far below zero as above. */
function tierOf(value: number): number {
  if (value >= -1 && value <= 1) return 0;
  const magnitude = value < 0 ? -value - 1 : value;
  if (magnitude < ADVISED_AGAINST) return 1;
  return magnitude < CONTRAINDICATED ? 2 : 3;
}
