import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createRaTlsClaims,
  encodeOeQuote,
  RA_TLS_OID,
  raTlsExtension,
  recogniseEvidence,
  snpRaTlsExtension,
  type TeeKind,
} from "@carrara/attestation";
import { concatBytes, parsePem } from "@carrara/encoding";
import {
  commonName,
  type EcKey,
  type Extension,
  generateEcKey,
  issueCertificate,
  randomSerial,
} from "@carrara/pki";
import {
  createSimulatedPlatform,
  type MeasuredIdentity,
  type SimulatedPlatform,
  type Tee,
} from "@carrara/tee";
import type { DcapCase, RaTlsCase, RaTlsEndorsements, SnpCase } from "./world.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const HOUR_MS = 60 * 60 * 1000;
const NONCE = new Uint8Array(16).fill(7);

/** Evidence of simulated machines of every kind. */
export interface SimulatedEvidence {
  readonly dcap: readonly DcapCase[];
  readonly snp: readonly SnpCase[];
  readonly raTls: readonly RaTlsCase[];
}

const IDENTITY: MeasuredIdentity = {
  mrEnclave: new Uint8Array(32).fill(1),
  mrSigner: new Uint8Array(32).fill(2),
  isvProdId: 7,
  isvSvn: 3,
  debug: false,
  td: {
    mrTd: new Uint8Array(48).fill(3),
    rtMr0: new Uint8Array(48).fill(4),
    rtMr1: new Uint8Array(48).fill(5),
    rtMr2: new Uint8Array(48).fill(6),
  },
  snpMeasurement: new Uint8Array(48).fill(8),
  idKeyDigest: new Uint8Array(48).fill(9),
};

/** Has three machines simulated, and asks each for evidence of every form that it can give. */
export async function createSimulated(): Promise<SimulatedEvidence> {
  const dir = await mkdtemp(join(tmpdir(), "carrara-fuzz-"));
  try {
    const [sgx, tdx, snp] = await Promise.all(
      (["sgx", "tdx", "snp"] as const).map(async (tee) => await evidenceOf(tee, join(dir, tee))),
    );
    return {
      dcap: [...(sgx?.dcap ?? []), ...(tdx?.dcap ?? [])],
      snp: snp?.snp ?? [],
      raTls: [sgx, tdx, snp].flatMap((evidence) => evidence?.raTls ?? []),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function evidenceOf(tee: TeeKind, dir: string): Promise<SimulatedEvidence> {
  const platform = await createSimulatedPlatform({ dir, tee, now: () => NOW, rsaBits: 2048 });
  try {
    return tee === "snp" ? await snpEvidence(platform) : await dcapEvidence(platform);
  } finally {
    await platform.close();
  }
}

async function dcapEvidence(platform: SimulatedPlatform): Promise<SimulatedEvidence> {
  const { tee, anchor } = platform;
  const dcap: DcapCase[] = [];
  const raTls: RaTlsCase[] = [];
  for (const quoteVersion of tee === "sgx" ? ([3, 4] as const) : ([4, 5] as const)) {
    platform.setScenario({ quoteVersion });
    const guest = platform.teeFor(IDENTITY);
    const endorsements = { collateral: await platform.collateral(), anchor, now: NOW };
    const name = `simulated ${tee} v${quoteVersion}`;
    dcap.push({ name, quote: await guest.getEvidence(new Uint8Array(64)), ...endorsements });
    raTls.push(...(await raTlsCases(name, guest, { dcap: endorsements })));
  }
  return { dcap, snp: [], raTls };
}

async function snpEvidence(platform: SimulatedPlatform): Promise<SimulatedEvidence> {
  const snp: SnpCase[] = [];
  const raTls: RaTlsCase[] = [];
  for (const snpKey of ["VCEK", "VLEK"] as const) {
    platform.setScenario({ snpKey });
    const guest = platform.teeFor(IDENTITY);
    const parts = await platform.amdEndorsements();
    const endorsements = { ...parts, anchors: [platform.anchor], now: NOW };
    const evidence = recogniseEvidence(await guest.getEvidence(new Uint8Array(64)));
    if (evidence.tee !== "snp") throw new TypeError("the platform gave a quote for a report");
    const { report, certTable } = evidence;
    const name = `simulated snp ${snpKey}`;
    snp.push({ name, report: report.slice(), certTable: certTable.slice(), ...endorsements });
    raTls.push(...(await raTlsCases(name, guest, { snp: endorsements })));
  }
  return { dcap: [], snp, raTls };
}

/** Certificates with the guest's evidence in every form that its kind has. */
async function raTlsCases(
  name: string,
  guest: Tee,
  endorsements: RaTlsEndorsements,
): Promise<RaTlsCase[]> {
  const key = await generateEcKey("P-256");
  const { claims, reportData } = await createRaTlsClaims({ spki: key.spki, nonce: NONCE });
  const evidence = recogniseEvidence(await guest.getEvidence(reportData));
  const forms: Record<string, Extension> =
    evidence.tee === "snp"
      ? { "in our form": snpExtension(evidence.report, claims, endorsements) }
      : {
          interoperable: raTlsExtension({ quote: evidence.quote, claims }),
          ...(await legacyForms(guest, key)),
        };
  return await Promise.all(
    Object.entries(forms).map(async ([form, extension]) => ({
      name: `${name}, ${form}`,
      certificate: await certificateWith(extension, key),
      endorsements,
      now: NOW,
    })),
  );
}

function snpExtension(
  report: Uint8Array,
  claims: Uint8Array,
  endorsements: RaTlsEndorsements,
): Extension {
  if (!("snp" in endorsements)) throw new TypeError("a report is not vouched for by Intel");
  const ask = parsePem(endorsements.snp.chain).at(0)?.bytes ?? new Uint8Array();
  return snpRaTlsExtension({ report, claims, vekChain: [endorsements.snp.vek, ask] });
}

async function legacyForms(guest: Tee, key: EcKey): Promise<Record<string, Extension>> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", key.spki));
  const quote = await guest.getEvidence(concatBytes(hash, new Uint8Array(32)));
  const form = (oid: string, value: Uint8Array): Extension => ({ oid, critical: false, value });
  return {
    gramine: form(RA_TLS_OID.gramine, quote),
    "open enclave": form(RA_TLS_OID.openEnclave, encodeOeQuote(quote)),
  };
}

async function certificateWith(extension: Extension, key: EcKey): Promise<Uint8Array> {
  return await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName("peer"),
      subject: commonName("peer"),
      notBefore: new Date(NOW.getTime() - HOUR_MS),
      notAfter: new Date(NOW.getTime() + HOUR_MS),
      spki: key.spki,
      extensions: [extension],
    },
    key.signer,
  );
}
