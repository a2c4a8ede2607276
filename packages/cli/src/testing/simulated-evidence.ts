import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createRaTlsClaims,
  raTlsExtension,
  recogniseEvidence,
  snpRaTlsExtension,
  type TeeKind,
} from "@carrara/attestation";
import { encodePem, utf8 } from "@carrara/encoding";
import {
  commonName,
  type Extension,
  extension,
  generateEcKey,
  issueCertificate,
  randomSerial,
} from "@carrara/pki";
import {
  createSimulatedPlatform,
  EMPTY_BUNDLE,
  type EnclaveIdentity,
  encodeCollateralBundle,
  type PlatformScenario,
} from "@carrara/tee";

const DAY_MS = 86_400_000;
/** Report data of the evidence that is made here. */
export const REPORT_DATA: Uint8Array = utf8("report data");

const register = (fill: number): Uint8Array => new Uint8Array(48).fill(fill);

/** Who simulated evidence is of, in the terms of every TEE. */
const IDENTITY: EnclaveIdentity = {
  mrEnclave: new Uint8Array(32).fill(0xe1),
  mrSigner: new Uint8Array(32).fill(0x51),
  isvProdId: 3,
  isvSvn: 2,
  debug: false,
  td: { mrTd: register(0xd0), rtMr0: register(0xd1), rtMr1: register(0xd2), rtMr2: register(0xd3) },
  snpMeasurement: register(0xe2),
  idKeyDigest: register(0x52),
};

/** Evidence of a simulated machine in a folder, with the collateral that goes with it. */
export interface SimulatedEvidence {
  readonly evidence: Uint8Array;
  /** DER, self-signed, with evidence inside. */
  readonly certificate: Uint8Array;
  /** More of it, over up to 64 bytes of report data. */
  readonly getEvidence: (reportData: Uint8Array) => Promise<Uint8Array>;
  /** A PCCS of the machine, which closes with it. */
  readonly pccsUrl: string;
  close(): Promise<void>;
}

/** What a machine is, and what its certificate says. */
export interface SimulatedEvidenceOptions {
  readonly tee: TeeKind;
  readonly dir: string;
  readonly scenario?: Partial<PlatformScenario>;
  readonly identity?: Partial<EnclaveIdentity>;
  readonly nonce?: Uint8Array;
  readonly notAfter?: Date;
  readonly commonName?: string;
}

/** Makes a machine, and writes `evidence.bin`, `peer.pem`, `collateral.json` into `dir`. */
export async function createSimulatedEvidence(
  options: SimulatedEvidenceOptions,
): Promise<SimulatedEvidence> {
  const { tee, dir, scenario = {} } = options;
  await mkdir(dir, { recursive: true });
  const platform = await createSimulatedPlatform({
    tee,
    dir: join(dir, "platform"),
    scenario,
    rsaBits: 2048,
    node: { path: "/nowhere", bytes: 1, sha256: new Uint8Array(32) },
  });
  const machine = platform.teeFor({ ...IDENTITY, ...options.identity });
  const getEvidence = async (reportData: Uint8Array): Promise<Uint8Array> =>
    await machine.getEvidence(reportData);
  const [evidence, certificate] = await Promise.all([
    getEvidence(REPORT_DATA),
    createCertificate(options, getEvidence),
  ]);
  const collateral =
    tee === "snp"
      ? await amdBundle(await platform.amdEndorsements(), scenario)
      : utf8(JSON.stringify(await platform.collateral()));
  await Promise.all([
    writeFile(join(dir, "evidence.bin"), evidence),
    writeFile(join(dir, "peer.pem"), encodePem("CERTIFICATE", certificate)),
    writeFile(join(dir, "collateral.json"), collateral),
  ]);
  const { url: pccsUrl } = await platform.servePcs({ host: "127.0.0.1", port: 0 });
  const close = async (): Promise<void> => await platform.close();
  return { evidence, certificate, getEvidence, pccsUrl, close };
}

async function amdBundle(
  {
    vek,
    chain,
    crl,
  }: { readonly vek: Uint8Array; readonly chain: string; readonly crl: Uint8Array },
  { product = "Milan", snpKey = "VCEK" }: Partial<PlatformScenario>,
): Promise<Uint8Array> {
  const key = snpKey === "VCEK" ? "vcek" : "vlek";
  const bundle = {
    ...EMPTY_BUNDLE,
    veks: [vek],
    chains: [chain],
    crls: [{ product, key, crl }],
  } as const;
  return await Promise.resolve(encodeCollateralBundle(bundle));
}

async function createCertificate(
  options: SimulatedEvidenceOptions,
  getEvidence: (reportData: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { nonce, notAfter = new Date(Date.now() + DAY_MS) } = options;
  const { spki, signer } = await generateEcKey("P-256");
  const { claims, reportData } = await createRaTlsClaims({
    spki,
    ...(nonce === undefined ? {} : { nonce }),
  });
  const name = commonName(options.commonName ?? "simulated peer");
  return await issueCertificate(
    {
      serial: randomSerial(),
      issuer: name,
      subject: name,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter,
      spki,
      extensions: [
        extension.basicConstraints(false),
        evidenceExtension(await getEvidence(reportData), claims),
      ],
    },
    signer,
  );
}

function evidenceExtension(raw: Uint8Array, claims: Uint8Array): Extension {
  const evidence = recogniseEvidence(raw);
  if (evidence.tee !== "snp") return raTlsExtension({ quote: evidence.quote, claims });
  return snpRaTlsExtension({ report: evidence.report, claims });
}
