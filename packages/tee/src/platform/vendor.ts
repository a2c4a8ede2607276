import type { DcapCollateral } from "@carrara/attestation";
import type { AmdCredentials } from "./amd-credentials.ts";
import {
  type AmdEndorsementParts,
  amdChainPem,
  issueAmdCrl,
  issueVek,
} from "./amd-endorsements.ts";
import {
  issueCollateral,
  issueEvaluationNumbers,
  issueRevocationLists,
} from "./issue-collateral.ts";
import { chainPem, type PlatformCredentials } from "./platform-credentials.ts";
import type { QuotingTee } from "./quoting-enclave.ts";
import type { PlatformScenario } from "./scenario.ts";

/** Collateral is signed anew after this time; it is valid for a week. */
const REISSUE_AFTER_MS = 3_600_000;

/** What the vendors of a simulated platform say, signed when it is first asked for. */
export interface SimulatedVendor {
  readonly scenario: PlatformScenario;
  collateral(tee: QuotingTee): Promise<DcapCollateral>;
  /** Response body, and the chain of who signed it. */
  evaluationNumbers(tee: QuotingTee): { readonly body: string; readonly chain: string };
  /** What AMD says, where the platform is one of AMD's. */
  readonly amd: AmdVendor | undefined;
}

/** AMD's key service for one machine. */
interface AmdVendor {
  /** Of the key that signs reports. */
  endorsements(): Promise<AmdEndorsementParts>;
  /** PEM of ASK or ASVK, then ARK. */
  chain(key: "VCEK" | "VLEK"): string;
}

/** What vendors are made from. */
export interface VendorOptions {
  readonly credentials: PlatformCredentials;
  readonly amd: AmdCredentials | undefined;
  readonly scenario: PlatformScenario;
  readonly now: () => Date;
}

/** Makes the vendors of a platform in one scenario; another scenario takes others. */
export function createVendor({ credentials, amd, scenario, now }: VendorOptions): SimulatedVendor {
  const issued = renewed(now, async () => {
    const at = now();
    const lists = await issueRevocationLists(credentials, scenario, at);
    const issue = (tee: QuotingTee): DcapCollateral =>
      issueCollateral(credentials, scenario, tee, lists, at);
    return { sgx: issue("sgx"), tdx: issue("tdx") };
  });
  return {
    scenario,
    collateral: async (tee) => (await issued())[tee],
    evaluationNumbers: (tee) => ({
      body: issueEvaluationNumbers(credentials, scenario, tee, now()),
      chain: chainPem(credentials.tcbSigning, credentials.root),
    }),
    amd: amd === undefined ? undefined : createAmdVendor(amd, scenario, now),
  };
}

function createAmdVendor(
  credentials: AmdCredentials,
  scenario: PlatformScenario,
  now: () => Date,
): AmdVendor {
  const chain = (key: "VCEK" | "VLEK"): string => amdChainPem(credentials, key);
  let vek: Promise<Uint8Array> | undefined;
  const issue = async (): Promise<AmdEndorsementParts> => {
    vek ??= issueVek(credentials, scenario);
    const crl = await issueAmdCrl(credentials, scenario, now());
    return { vek: await vek, chain: chain(scenario.snpKey), crl };
  };
  return { endorsements: renewed(now, issue), chain };
}

/** Makes something once and then again when it has got old. */
function renewed<T>(now: () => Date, make: () => Promise<T>): () => Promise<T> {
  let made: { readonly at: number; readonly value: Promise<T> } | undefined;
  return async () => {
    const at = now().getTime();
    if (made === undefined || at - made.at > REISSUE_AFTER_MS) made = { at, value: make() };
    return await made.value;
  };
}
