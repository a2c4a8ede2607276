import type { QeIdentityText, TcbInfoText } from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { PLATFORM, type PlatformCredentials } from "./platform-credentials.ts";
import { QUOTING_ENCLAVES, type QuotingTee } from "./quoting-enclave.ts";
import type { PlatformScenario, Window } from "./scenario.ts";
import { tdxSvns } from "./tee-tcb-svn.ts";

/** INIT and PROVISION_KEY; the mask leaves MODE64BIT and XFRM open, as Intel's does. */
const QE_ATTRIBUTES = "11000000000000000000000000000000";
const QE_ATTRIBUTES_MASK = "FBFFFFFFFFFFFFFF0000000000000000";
/** A level below the platform's, so that there is always one to fall to. */
const OLD_LEVEL_DATE = new Date("2020-01-01T00:00:00Z");
/** Modules that are listed whatever the platform has. */
const KNOWN_MODULES = [1, 3] as const;
/** Signer and attributes of Intel's own modules are zero. */
const MODULE = {
  mrSigner: "00".repeat(48),
  attributes: "00".repeat(8),
  attributesMask: "FF".repeat(8),
};

type TcbLevelText = TcbInfoText["levels"][number];
type EnclaveLevelText = QeIdentityText["levels"][number];

/** What the vendor says of the platform family. */
export function tcbInfoText(
  scenario: PlatformScenario,
  tee: QuotingTee,
  window: Window,
): TcbInfoText {
  return {
    ...window,
    fmspc: toHex(PLATFORM.fmspc).toUpperCase(),
    pceId: toHex(PLATFORM.pceId),
    evaluationDataNumber: scenario.tcbEvaluationDataNumber,
    ...(tee === "tdx" ? { tdx: { module: MODULE, identities: moduleIdentities(scenario) } } : {}),
    levels: tcbLevels(scenario, tee),
  };
}

function tcbLevels(scenario: PlatformScenario, tee: QuotingTee): readonly TcbLevelText[] {
  const { tcbStatus, tcbDate, launch, unlisted } = scenario;
  const tdx = (when: "now" | "before"): Pick<TcbLevelText, "tdxComponents"> =>
    tee === "tdx" ? { tdxComponents: tdxSvns(scenario, when).components } : {};
  const level: TcbLevelText = {
    components: [...PLATFORM.cpuSvn],
    pceSvn: PLATFORM.pceSvn,
    ...tdx("now"),
    date: tcbDate,
    status: tcbStatus,
    ...advisories(scenario.advisoryIds),
  };
  if (unlisted.includes("platform")) return [{ ...level, pceSvn: PLATFORM.pceSvn + 1 }];
  const zero = (svns: readonly number[]): readonly number[] => svns.map(() => 0);
  const oldest: TcbLevelText = {
    components: zero(level.components),
    pceSvn: 0,
    ...(level.tdxComponents === undefined ? {} : { tdxComponents: zero(level.tdxComponents) }),
    date: OLD_LEVEL_DATE,
    status: "OutOfDate",
  };
  if (launch === undefined || tee !== "tdx") return [level, oldest];
  return [level, { ...level, ...tdx("before"), status: launch.tcbStatus ?? tcbStatus }, oldest];
}

function moduleIdentities(
  scenario: PlatformScenario,
): NonNullable<TcbInfoText["tdx"]>["identities"] {
  const { moduleVersion, unlisted } = scenario;
  const versions = [...new Set([...KNOWN_MODULES, ...(moduleVersion === 0 ? [] : [moduleVersion])])]
    .filter((version) => version !== moduleVersion || !unlisted.includes("module-version"))
    .sort((a, b) => a - b);
  return versions.map((version) => ({
    id: `TDX_${version.toString(16).padStart(2, "0").toUpperCase()}`,
    ...MODULE,
    levels: moduleLevels(scenario),
  }));
}

function moduleLevels(scenario: PlatformScenario): readonly EnclaveLevelText[] {
  const { moduleStatus, moduleAdvisoryIds, tcbDate: date, launch } = scenario;
  const isvSvn = tdxSvns(scenario, "now").module;
  const level = { isvSvn, date, status: moduleStatus, ...advisories(moduleAdvisoryIds) };
  if (scenario.unlisted.includes("module")) return [{ ...level, isvSvn: isvSvn + 1 }];
  const before = { ...level, isvSvn: tdxSvns(scenario, "before").module };
  return [
    level,
    ...(launch === undefined ? [] : [{ ...before, status: launch.moduleStatus ?? moduleStatus }]),
    { isvSvn: 1, date: OLD_LEVEL_DATE, status: "OutOfDate" },
  ];
}

/** What the vendor says of the quoting enclave of `tee`. */
export function qeIdentityText(
  { qeMrSigner }: PlatformCredentials,
  scenario: PlatformScenario,
  tee: QuotingTee,
  window: Window,
): QeIdentityText {
  const { id, isvProdId, isvSvn } = QUOTING_ENCLAVES[tee];
  const { qeStatus: status, tcbDate: date, unlisted } = scenario;
  const level = { isvSvn, date, status, ...advisories(scenario.qeAdvisoryIds) };
  return {
    ...window,
    id,
    evaluationDataNumber: scenario.tcbEvaluationDataNumber,
    attributes: QE_ATTRIBUTES,
    attributesMask: QE_ATTRIBUTES_MASK,
    mrSigner: toHex(qeMrSigner).toUpperCase(),
    isvProdId,
    levels: unlisted.includes("qe")
      ? [{ ...level, isvSvn: isvSvn + 1 }]
      : [level, { isvSvn: 1, date: OLD_LEVEL_DATE, status: "OutOfDate" }],
  };
}

function advisories(ids: readonly string[]): { advisoryIds?: readonly string[] } {
  return ids.length > 0 ? { advisoryIds: ids } : {};
}
