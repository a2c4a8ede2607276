import {
  createSimulationAnchor,
  type DcapCollateral,
  type Endorsements,
} from "@carrara/attestation";
import {
  type CollateralBend,
  issueCollateral,
  issueRevocationLists,
} from "../platform/issue-collateral.ts";
import { quoteFor } from "../platform/issue-evidence.ts";
import {
  type CertificateBend,
  createPlatformCredentials,
  type PlatformCredentials,
} from "../platform/platform-credentials.ts";
import type { QuoteOrder, QuotingTee } from "../platform/quoting-enclave.ts";
import { type PlatformScenario, scenarioOf } from "../platform/scenario.ts";
import type { EvidenceScenario, ScenarioCase, ScenarioOutcome } from "./evidence-scenario.ts";
import { SCENARIO_IDENTITY, SCENARIO_REPORT_DATA, type ScenarioWorld } from "./scenario-world.ts";

/** What is not as it ought to be; everything left out is. Each gets the good value. */
export interface DcapDeviation {
  /** What a platform can be in; together with nothing else it makes a scenario for platforms too. */
  readonly platform?: (now: Date) => Partial<PlatformScenario>;
  readonly certificate?: CertificateBend;
  readonly collateral?: (world: ScenarioWorld) => CollateralBend;
  readonly quote?: (world: ScenarioWorld) => Partial<QuoteOrder>;
  /** Changes the bytes of a quote that is signed already; the array is the scenario's own. */
  readonly bytes?: (quote: Uint8Array) => Uint8Array;
  /** Changes endorsements that are signed already. */
  readonly endorsements?: (good: DcapCollateral) => Endorsements;
  /** When it is verified. */
  readonly now?: (now: Date) => Date;
  /** Root that is trusted in place of the vendor's. */
  readonly anchor?: "another";
  readonly exact?: true;
}

/** A scenario of SGX or TDX. */
export function dcapScenario(
  name: string,
  tee: QuotingTee,
  expected: ScenarioOutcome,
  deviation: DcapDeviation = {},
): EvidenceScenario {
  const { platform } = deviation;
  const isState = platform !== undefined && Object.keys(deviation).length === 1;
  return {
    name: `${tee}: ${name}`,
    tee,
    expected,
    ...(isState ? { platform } : {}),
    build: async (world) => ({ ...(await buildCase(world, tee, deviation)), expected }),
  };
}

async function buildCase(
  world: ScenarioWorld,
  tee: QuotingTee,
  deviation: DcapDeviation,
): Promise<Omit<ScenarioCase, "expected">> {
  const { now } = world;
  const credentials = await credentialsFor(world, deviation);
  const scenario = scenarioOf(deviation.platform?.(now) ?? {}, tee);
  const order = deviation.quote?.(world) ?? {};
  const quote = quoteFor(
    credentials,
    tee,
    scenario,
    SCENARIO_IDENTITY,
    SCENARIO_REPORT_DATA,
    order,
  );
  const bend = deviation.collateral?.(world) ?? {};
  const lists = await issueRevocationLists(credentials, scenario, now, bend);
  const collateral = issueCollateral(credentials, scenario, tee, lists, now, bend);
  const trusted =
    deviation.anchor === undefined ? credentials : await createPlatformCredentials(now);
  return {
    evidence: deviation.bytes?.(quote) ?? quote,
    endorsements: deviation.endorsements?.(collateral) ?? { vendor: "intel", collateral },
    anchor: createSimulationAnchor(trusted.root.certificate),
    now: deviation.now?.(now) ?? now,
    exact: deviation.exact === true,
  };
}

async function credentialsFor(
  { now, credentials }: ScenarioWorld,
  { certificate }: DcapDeviation,
): Promise<PlatformCredentials> {
  return certificate === undefined
    ? credentials
    : await createPlatformCredentials(now, certificate);
}
