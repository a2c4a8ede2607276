import type { LevelStatus, SnpProduct, SnpTcb, TeeKind } from "@carrara/attestation";

/** A certificate of the platform that a CRL can list. */
export type RevocableCertificate = "pck" | "platform-ca" | "tcb-signing" | "ask" | "asvk";

/** Something the vendor issues that is good for a time only. */
export type DatedPart = "tcbInfo" | "qeIdentity" | "rootCrl" | "pckCrl" | "amdCrl";

/** Statuses of the levels of one piece of software. */
export type ComponentStatus = "UpToDate" | "OutOfDate" | "Revoked";

/** What the vendor knows nothing of: of the first three it lists only levels that are higher. */
export type Unlisted = "platform" | "qe" | "module" | "module-version";

/** An error that the vendor's service gives to every request. */
export interface ServiceFailure {
  readonly status: 404 | 410 | 429 | 500 | 503;
  /** Value of Retry-After; left out unless set. */
  readonly retryAfterSeconds?: number;
}

/** What the simulated vendor says about the platform, and in which form the platform gives evidence. */
export interface PlatformScenario {
  /** Status of the TCB level that the platform is at. */
  readonly tcbStatus: LevelStatus;
  readonly advisoryIds: readonly string[];
  readonly tcbDate: Date;
  readonly tcbEvaluationDataNumber: number;
  /** Status of the level that the quoting enclave is at. */
  readonly qeStatus: ComponentStatus;
  readonly qeAdvisoryIds: readonly string[];
  /** TDX: status of the level that the TDX module is at; modules of version 0 have none. */
  readonly moduleStatus: ComponentStatus;
  readonly moduleAdvisoryIds: readonly string[];
  /** TDX: major version of the module, 0 to 255. */
  readonly moduleVersion: number;
  /**
   * TDX: the TD was launched before firmware and module were updated; these were its levels then.
   * What is left out is as it is now.
   */
  readonly launch?: {
    readonly tcbStatus?: LevelStatus;
    readonly moduleStatus?: ComponentStatus;
  };
  /** TDX: 16 bytes in place of those that follow from the above, at launch and now. */
  readonly teeTcbSvn?: Uint8Array;
  readonly teeTcbSvn2?: Uint8Array;
  readonly unlisted: readonly Unlisted[];
  /** 3 for SGX and 4 for TDX, which has no 3, unless set. */
  readonly quoteVersion?: 3 | 4 | 5;
  /** TDX: 1.5 in quotes of version 5, which others cannot carry, unless set. */
  readonly tdReport?: "1.0" | "1.5";
  /** Size of the data that the quoting enclave adds to its key, 0 to 1024 bytes. */
  readonly qeAuthDataBytes: number;
  /** SNP: what processor it is. It cannot be another one later. */
  readonly product: SnpProduct;
  /** SNP: which key signs reports, that of the chip or that lent to a provider. */
  readonly snpKey: "VCEK" | "VLEK";
  readonly snpReportVersion: 2 | 3 | 5;
  /** SNP: what firmware runs; what is left out is that of a current machine. */
  readonly snpTcb: Partial<Omit<SnpTcb, "fmc">>;
  /** SNP: the firmware runs but was not committed to, so that it can be rolled back. */
  readonly snpProvisional: boolean;
  readonly revoked: readonly RevocableCertificate[];
  /** When collateral was issued, all of it or by part; the present unless set. */
  readonly issuedAt?: Date | Readonly<Partial<Record<DatedPart, Date>>>;
  /** For how long collateral is good. */
  readonly validForDays: number;
  /** None unless set: the service answers as it should. */
  readonly serviceFailure?: ServiceFailure;
}

/** A platform in good order. */
export const DEFAULT_SCENARIO: PlatformScenario = Object.freeze({
  tcbStatus: "UpToDate",
  advisoryIds: [],
  tcbDate: new Date("2026-01-01T00:00:00Z"),
  tcbEvaluationDataNumber: 1,
  qeStatus: "UpToDate",
  qeAdvisoryIds: [],
  moduleStatus: "UpToDate",
  moduleAdvisoryIds: [],
  moduleVersion: 1,
  unlisted: [],
  qeAuthDataBytes: 32,
  product: "Milan",
  snpKey: "VCEK",
  snpReportVersion: 3,
  snpTcb: {},
  snpProvisional: false,
  revoked: [],
  validForDays: 7,
});

const MAX_QE_AUTH_DATA_BYTES = 1024;
const TEE_TCB_SVN_BYTES = 16;

/** The whole scenario that `changes` make of a good one. Throws a TypeError for one that cannot be. */
export function scenarioOf(changes: Partial<PlatformScenario>, tee: TeeKind): PlatformScenario {
  const scenario = { ...DEFAULT_SCENARIO, ...changes };
  const { quoteVersion, tdReport, qeAuthDataBytes, teeTcbSvn, teeTcbSvn2 } = scenario;
  const fits =
    (tee !== "tdx" || quoteVersion !== 3) &&
    (tdReport !== "1.5" || quoteVersion === 5) &&
    [teeTcbSvn, teeTcbSvn2].every(
      (svn) => (svn?.length ?? TEE_TCB_SVN_BYTES) === TEE_TCB_SVN_BYTES,
    );
  if (!fits) throw new TypeError("no quote has this version, td report and tee tcb svn");
  if (!isInteger(qeAuthDataBytes, MAX_QE_AUTH_DATA_BYTES)) {
    throw new TypeError(`qe auth data of ${qeAuthDataBytes} bytes, 0 to 1024 allowed`);
  }
  if (!isInteger(scenario.moduleVersion, 0xff)) {
    throw new TypeError(`module version is ${scenario.moduleVersion}, 0 to 255 allowed`);
  }
  return scenario;
}

function isInteger(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

/** From when until when a part of the collateral is good; whole seconds, as the formats have them. */
export interface Window {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
}

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

/** The window of `part` where the present is `now`. */
export function windowOf(scenario: PlatformScenario, part: DatedPart, now: Date): Window {
  const { issuedAt, validForDays } = scenario;
  const at = (issuedAt instanceof Date ? issuedAt : issuedAt?.[part]) ?? now;
  const issueDate = new Date(Math.floor(at.getTime() / SECOND_MS) * SECOND_MS);
  return { issueDate, nextUpdate: new Date(issueDate.getTime() + validForDays * DAY_MS) };
}
