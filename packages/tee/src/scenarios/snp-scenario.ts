import {
  createSimulationAnchor,
  type Endorsements,
  encodeSnpReport,
  type SnpProduct,
  type SnpReportFields,
} from "@carrara/attestation";
import { concatBytes } from "@carrara/encoding";
import type { CrlTemplate } from "@carrara/pki";
import { type AmdCredentials, createAmdCredentials } from "../platform/amd-credentials.ts";
import {
  type AmdEndorsementParts,
  amdChainPem,
  certTableFor,
  issueAmdCrl,
  issueVek,
} from "../platform/amd-endorsements.ts";
import type { CertificateBend } from "../platform/platform-credentials.ts";
import { type PlatformScenario, scenarioOf } from "../platform/scenario.ts";
import { signSnpReport, snpReportFields } from "../platform/snp-report.ts";
import type { EvidenceScenario, ScenarioCase, ScenarioOutcome } from "./evidence-scenario.ts";
import { SCENARIO_IDENTITY, SCENARIO_REPORT_DATA, type ScenarioWorld } from "./scenario-world.ts";

/** What is not as it ought to be; everything left out is. Each gets the good value. */
export interface SnpDeviation {
  /** What a platform can be in; together with nothing else it makes a scenario for platforms too. */
  readonly platform?: (now: Date) => Partial<PlatformScenario>;
  readonly certificate?: CertificateBend;
  /** Changes the report before it is signed. */
  readonly fields?: (good: SnpReportFields) => SnpReportFields;
  /** Changes the bytes of a report that is signed already. */
  readonly bytes?: (report: Uint8Array) => Uint8Array;
  readonly crl?: (good: CrlTemplate) => CrlTemplate;
  /** Changes endorsements that are signed already. */
  readonly endorsements?: (good: AmdEndorsementParts) => Endorsements;
  /** What the report came with; nothing comes behind one that must be exact. */
  readonly table?: "none";
  /** Who signed in place of AMD. */
  readonly forged?: "ark" | "vek" | "crl";
  readonly now?: (now: Date) => Date;
  /** The product whose root is trusted. */
  readonly trusted?: SnpProduct;
  readonly exact?: true;
}

/** A scenario of SEV-SNP. */
export function snpScenario(
  name: string,
  expected: ScenarioOutcome,
  deviation: SnpDeviation = {},
): EvidenceScenario {
  const { platform } = deviation;
  const isState = platform !== undefined && Object.keys(deviation).length === 1;
  return {
    name: `snp: ${name}`,
    tee: "snp",
    expected,
    ...(isState ? { platform } : {}),
    build: async (world) => ({ ...(await buildCase(world, deviation)), expected }),
  };
}

async function buildCase(
  world: ScenarioWorld,
  deviation: SnpDeviation,
): Promise<Omit<ScenarioCase, "expected">> {
  const { now } = world;
  const scenario = scenarioOf(deviation.platform?.(now) ?? {}, "snp");
  const credentials = await credentialsFor(world, scenario.product, deviation);
  const good = snpReportFields(SCENARIO_IDENTITY, scenario, SCENARIO_REPORT_DATA);
  const unsigned = encodeSnpReport(deviation.fields?.(good) ?? good);
  const report = signSnpReport(
    unsigned,
    scenario.snpKey === "VCEK" ? credentials.vcek : credentials.vlek,
  );
  const parts = await endorse(world, credentials, scenario, deviation);
  const table =
    deviation.table === "none" || deviation.exact === true
      ? new Uint8Array()
      : certTableFor(credentials, scenario, parts.vek);
  const trusted = await trustedRoot(world, credentials, deviation);
  return {
    evidence: concatBytes(deviation.bytes?.(report) ?? report, table),
    endorsements: deviation.endorsements?.(parts) ?? { vendor: "amd", ...parts },
    anchor: createSimulationAnchor(trusted.ark.certificate),
    now: deviation.now?.(now) ?? now,
    exact: deviation.exact === true,
  };
}

async function credentialsFor(
  { now, amdKeys, amdStranger }: ScenarioWorld,
  product: SnpProduct,
  { certificate, forged }: SnpDeviation,
): Promise<AmdCredentials> {
  const keys = forged === "ark" ? amdStranger : amdKeys;
  const bend = certificate === undefined ? {} : { bend: certificate };
  return await createAmdCredentials(product, now, { keys, ...bend });
}

async function endorse(
  { now, amdStranger }: ScenarioWorld,
  credentials: AmdCredentials,
  scenario: PlatformScenario,
  { certificate, crl, forged }: SnpDeviation,
): Promise<AmdEndorsementParts> {
  const stranger = { ...credentials.ark, key: amdStranger.ark };
  const issuing =
    forged === "vek" ? { ...credentials, ask: stranger, asvk: stranger } : credentials;
  return {
    vek: await issueVek(issuing, scenario, certificate),
    chain: amdChainPem(credentials, scenario.snpKey),
    crl: await issueAmdCrl(
      credentials,
      scenario,
      now,
      crl,
      forged === "crl" ? stranger : undefined,
    ),
  };
}

/** The root of AMD as it should be, or of another of its products. */
async function trustedRoot(
  { now, amdKeys, amdStranger }: ScenarioWorld,
  credentials: AmdCredentials,
  { forged, trusted }: SnpDeviation,
): Promise<AmdCredentials> {
  if (forged !== "ark" && trusted === undefined) return credentials;
  // Products have keys of their own: the stranger's stand in for those of the other one.
  const keys = trusted === undefined ? amdKeys : amdStranger;
  return await createAmdCredentials(trusted ?? credentials.product, now, { keys });
}
