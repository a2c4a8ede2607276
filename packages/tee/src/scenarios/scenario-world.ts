import type { SnpProduct } from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import { type EcKey, generateEcKey } from "@carrara/pki";
import type { MeasuredIdentity } from "../image/verify-image.ts";
import { type AmdKeys, generateAmdKeys } from "../platform/amd-credentials.ts";
import {
  createPlatformCredentials,
  type PlatformCredentials,
} from "../platform/platform-credentials.ts";

/** What scenarios are built from: keys, which cost time to make, and a clock that stands still. */
export interface ScenarioWorld {
  readonly now: Date;
  /** Of a machine in good order. */
  readonly credentials: PlatformCredentials;
  /** Shared by the products: each has other certificates over them. */
  readonly amdKeys: AmdKeys;
  /** Keys that nobody certified, and of nobody's vendor. */
  readonly stranger: EcKey;
  readonly amdStranger: AmdKeys;
}

/** How a world is made. */
export interface ScenarioWorldOptions {
  /** The present unless set. */
  readonly now?: Date;
  /** Size of AMD's keys; 2048 unless set, since 4096 bits take seconds and prove nothing more here. */
  readonly rsaBits?: 2048 | 4096;
}

/** Makes the keys for scenarios; nothing is stored. */
export async function createScenarioWorld(
  options: ScenarioWorldOptions = {},
): Promise<ScenarioWorld> {
  const { now = new Date(), rsaBits = 2048 } = options;
  const [credentials, amdKeys, stranger, amdStranger] = await Promise.all([
    createPlatformCredentials(now),
    generateAmdKeys(rsaBits),
    generateEcKey("P-256"),
    generateAmdKeys(rsaBits),
  ]);
  return { now: new Date(now), credentials, amdKeys, stranger, amdStranger };
}

/** Report data of all evidence in scenarios, 64 bytes. */
export const SCENARIO_REPORT_DATA: Uint8Array = padded("simulated scenario", 64);

/** Whose evidence it is. */
export const SCENARIO_IDENTITY: MeasuredIdentity = {
  mrEnclave: padded("enclave", 32),
  mrSigner: padded("signer", 32),
  isvProdId: 7,
  isvSvn: 3,
  debug: false,
  td: {
    mrTd: padded("mrtd", 48),
    rtMr0: padded("rtmr 0", 48),
    rtMr1: padded("rtmr 1", 48),
    rtMr2: padded("rtmr 2", 48),
  },
  snpMeasurement: padded("measurement", 48),
  idKeyDigest: padded("id key", 48),
};

/** The processors there are scenarios of. */
export const SNP_PRODUCTS: readonly SnpProduct[] = ["Milan", "Genoa", "Turin"];

function padded(text: string, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  out.set(utf8(text));
  return out;
}
