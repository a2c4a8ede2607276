import type { LevelStatus, TcbStatus } from "@carrara/attestation";
import type { ComponentStatus, PlatformScenario } from "../platform/scenario.ts";
import { dcapScenario } from "./dcap-scenario.ts";
import {
  type EvidenceScenario,
  refusedWith,
  type ScenarioOutcome,
  verifiedAs,
} from "./evidence-scenario.ts";

/** The table of section 2.4: what a level becomes where something it relies on is out of date. */
const WITH_OUT_OF_DATE: Readonly<Record<LevelStatus, LevelStatus>> = {
  UpToDate: "OutOfDate",
  SWHardeningNeeded: "OutOfDate",
  ConfigurationNeeded: "OutOfDateConfigurationNeeded",
  ConfigurationAndSWHardeningNeeded: "OutOfDateConfigurationNeeded",
  OutOfDate: "OutOfDate",
  OutOfDateConfigurationNeeded: "OutOfDateConfigurationNeeded",
  Revoked: "Revoked",
};
const LEVELS = Object.keys(WITH_OUT_OF_DATE) as LevelStatus[];
const COMPONENTS: readonly ComponentStatus[] = ["UpToDate", "OutOfDate", "Revoked"];

function converged(level: LevelStatus, components: readonly ComponentStatus[]): ScenarioOutcome {
  if (components.includes("Revoked")) return outcomeOf("Revoked");
  return outcomeOf(components.includes("OutOfDate") ? WITH_OUT_OF_DATE[level] : level);
}

function outcomeOf(status: TcbStatus | "Revoked"): ScenarioOutcome {
  return status === "Revoked" ? refusedWith("TCB_REVOKED") : verifiedAs(status);
}

const SGX_ROWS = LEVELS.flatMap((tcbStatus) =>
  COMPONENTS.map((qeStatus) =>
    dcapScenario(`platform ${tcbStatus}, qe ${qeStatus}`, "sgx", converged(tcbStatus, [qeStatus]), {
      platform: () => ({ tcbStatus, qeStatus }),
    }),
  ),
);

const TDX_ROWS = LEVELS.flatMap((tcbStatus) =>
  COMPONENTS.flatMap((qeStatus) =>
    COMPONENTS.map((moduleStatus) =>
      dcapScenario(
        `platform ${tcbStatus}, qe ${qeStatus}, module ${moduleStatus}`,
        "tdx",
        converged(tcbStatus, [qeStatus, moduleStatus]),
        { platform: () => ({ tcbStatus, qeStatus, moduleStatus }) },
      ),
    ),
  ),
);

/** Of a TD that was launched at an outdated level: what the level that runs now makes of it. */
const RELAUNCH: Readonly<
  Record<"OutOfDate" | "OutOfDateConfigurationNeeded", Partial<Record<LevelStatus, TcbStatus>>>
> = {
  OutOfDate: {
    UpToDate: "TDRelaunchAdvised",
    SWHardeningNeeded: "TDRelaunchAdvised",
    ConfigurationNeeded: "TDRelaunchAdvisedConfigurationNeeded",
    ConfigurationAndSWHardeningNeeded: "TDRelaunchAdvisedConfigurationNeeded",
  },
  OutOfDateConfigurationNeeded: {
    UpToDate: "TDRelaunchAdvisedConfigurationNeeded",
    SWHardeningNeeded: "TDRelaunchAdvisedConfigurationNeeded",
    ConfigurationNeeded: "TDRelaunchAdvisedConfigurationNeeded",
    ConfigurationAndSWHardeningNeeded: "TDRelaunchAdvisedConfigurationNeeded",
  },
};

function relaunched(launch: LevelStatus, current: LevelStatus): ScenarioOutcome {
  // A module that was revoked runs now, whatever the TD was launched under.
  if (current === "Revoked") return outcomeOf("Revoked");
  const outdated = launch === "OutOfDate" || launch === "OutOfDateConfigurationNeeded";
  return outcomeOf((outdated ? RELAUNCH[launch][current] : undefined) ?? launch);
}

const RELAUNCH_ROWS = LEVELS.flatMap((launch) =>
  LEVELS.map((tcbStatus) =>
    dcapScenario(
      `launched at ${launch}, now at ${tcbStatus}`,
      "tdx",
      relaunched(launch, tcbStatus),
      { platform: () => ({ quoteVersion: 5, tcbStatus, launch: { tcbStatus: launch } }) },
    ),
  ),
);

const MODULE_UPDATED: readonly (readonly [string, Partial<PlatformScenario>, TcbStatus])[] = [
  ["on a good platform", {}, "TDRelaunchAdvised"],
  [
    "on a platform to configure",
    { tcbStatus: "ConfigurationNeeded" },
    "TDRelaunchAdvisedConfigurationNeeded",
  ],
  ["on an old platform", { tcbStatus: "OutOfDate" }, "OutOfDate"],
  ["under an old qe", { qeStatus: "OutOfDate" }, "OutOfDate"],
];

const MODULE_ROWS = MODULE_UPDATED.map(([name, changes, status]) =>
  dcapScenario(`module updated under the td, ${name}`, "tdx", verifiedAs(status), {
    platform: () => ({ quoteVersion: 5, launch: { moduleStatus: "OutOfDate" }, ...changes }),
  }),
);

const FORMS: readonly (readonly [string, "sgx" | "tdx", Partial<PlatformScenario>])[] = [
  ["version 3", "sgx", {}],
  ["version 4", "sgx", { quoteVersion: 4 }],
  ["version 5", "sgx", { quoteVersion: 5 }],
  ["version 4", "tdx", {}],
  ["version 5 with report 1.0", "tdx", { quoteVersion: 5, tdReport: "1.0" }],
  ["version 5 with report 1.5", "tdx", { quoteVersion: 5 }],
  ["module of version 0", "tdx", { moduleVersion: 0 }],
  ["module of version 3", "tdx", { moduleVersion: 3 }],
  ["module of version 255", "tdx", { moduleVersion: 255 }],
  ["no qe auth data", "tdx", { qeAuthDataBytes: 0 }],
  ["no qe auth data", "sgx", { qeAuthDataBytes: 0 }],
  ["100 bytes of qe auth data", "sgx", { qeAuthDataBytes: 100 }],
  ["1024 bytes of qe auth data", "tdx", { qeAuthDataBytes: 1024 }],
  [
    "advisories of every level",
    "tdx",
    {
      advisoryIds: ["INTEL-SA-00002"],
      qeAdvisoryIds: ["INTEL-SA-00001"],
      moduleAdvisoryIds: ["INTEL-SA-00003", "INTEL-SA-00002"],
    },
  ],
];

const FORM_ROWS = FORMS.map(([name, tee, changes]) =>
  dcapScenario(name, tee, verifiedAs("UpToDate"), { platform: () => changes }),
);

const UNLISTED_ROWS = [
  dcapScenario("platform below all levels", "sgx", refusedWith("TCB_LEVEL_NOT_SUPPORTED"), {
    platform: () => ({ unlisted: ["platform"] }),
  }),
  dcapScenario("qe below all levels", "sgx", refusedWith("QE_TCB_NOT_SUPPORTED"), {
    platform: () => ({ unlisted: ["qe"] }),
  }),
  dcapScenario("platform below all levels", "tdx", refusedWith("TCB_LEVEL_NOT_SUPPORTED"), {
    platform: () => ({ unlisted: ["platform"] }),
  }),
  dcapScenario("module below all levels", "tdx", refusedWith("TCB_LEVEL_NOT_SUPPORTED"), {
    platform: () => ({ unlisted: ["module"] }),
  }),
  dcapScenario("module of an unknown version", "tdx", refusedWith("TDX_MODULE_MISMATCH"), {
    platform: () => ({ unlisted: ["module-version"] }),
  }),
  dcapScenario("module of an unknown version runs now", "tdx", refusedWith("TDX_MODULE_MISMATCH"), {
    platform: () => ({ quoteVersion: 5, teeTcbSvn2: new Uint8Array(16).fill(9, 0, 2) }),
  }),
];

/** Every row of section 2.4, and the forms that evidence of one status comes in. */
export const TCB_SCENARIOS: readonly EvidenceScenario[] = [
  ...SGX_ROWS,
  ...TDX_ROWS,
  ...RELAUNCH_ROWS,
  ...MODULE_ROWS,
  ...FORM_ROWS,
  ...UNLISTED_ROWS,
];
