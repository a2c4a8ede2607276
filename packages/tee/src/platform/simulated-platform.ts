import { createHash } from "node:crypto";
import process from "node:process";
import {
  createSimulationAnchor,
  type DcapCollateral,
  type Endorsements,
  type TeeKind,
  type TrustAnchor,
} from "@carrara/attestation";
import { TeeError } from "../error.ts";
import { loadNodeExecutable, type NodeExecutable } from "../image/node-executable.ts";
import { type EnclaveIdentity, verifyImage } from "../image/verify-image.ts";
import type { Tee } from "../tee.ts";
import type { AmdEndorsementParts } from "./amd-endorsements.ts";
import { answerRequest, type PlatformServices } from "./answer-request.ts";
import type { Enclave, LaunchOptions } from "./enclave.ts";
import { createEvidenceIssuer } from "./issue-evidence.ts";
import { launchEnclave } from "./launch-enclave.ts";
import { type PcsAddress, type PcsServer, servePcs } from "./pcs-server.ts";
import { openAmdCredentials, openPlatformDirectory } from "./platform-directory.ts";
import { type PlatformScenario, scenarioOf } from "./scenario.ts";
import { deriveSealingKey } from "./sealing.ts";
import { createVendor, type SimulatedVendor } from "./vendor.ts";

const REPORT_DATA_BYTES = 64;

/** What a simulated platform is made from. */
export interface SimulatedPlatformOptions {
  /** One directory is one machine; made on first use, mode 0700. */
  readonly dir: string;
  /** What kind of machine it is, `sgx` unless set. */
  readonly tee?: TeeKind;
  readonly now?: () => Date;
  /** What the vendor says about the platform; in good order unless set. */
  readonly scenario?: Partial<PlatformScenario>;
  /** The Node binary that runs and measures images; that of this process unless set. */
  readonly node?: NodeExecutable;
  /** A simulation refuses to start where NODE_ENV is `production`, unless code says so here. */
  readonly allowSimulationInProduction?: boolean;
  /**
   * SNP: size of the vendor's keys where the directory has none yet. 4096 as on hardware unless set,
   * which takes seconds; tests take 2048.
   */
  readonly rsaBits?: 2048 | 4096;
}

/** A software TEE: byte-exact evidence under its own root, and no protection at all. */
export interface SimulatedPlatform {
  readonly tee: TeeKind;
  readonly anchor: TrustAnchor;
  /**
   * Verifies and measures `image`, then starts it. Throws `IMAGE_MALFORMED`, `IMAGE_UNSIGNED`,
   * `IMAGE_SIGNATURE_INVALID`, `IMAGE_MEASUREMENT_MISMATCH`, `LAUNCH_REFUSED`.
   */
  launch(image: Uint8Array, options?: LaunchOptions): Promise<Enclave>;
  /** The platform's collateral, as its PCS would give it. A TypeError on SNP, which has none. */
  collateral(): Promise<DcapCollateral>;
  /** What AMD's key service would give. A TypeError on SGX and TDX. */
  amdEndorsements(): Promise<AmdEndorsementParts>;
  /** Whichever of the two the platform has, as a verifier takes it. */
  endorsements(): Promise<Endorsements>;
  /**
   * Serves the endorsements on a loopback address, with the routes of Intel's PCS, of PCCS and, on
   * SNP, of AMD's KDS; collateral of SGX and TDX alike, whichever the platform is.
   */
  servePcs(address: PcsAddress): Promise<PcsServer>;
  /**
   * Replaces what the vendor says about the platform, and the form of its evidence. A TypeError for
   * a scenario that cannot be, another SNP product included.
   */
  setScenario(scenario: Partial<PlatformScenario>): void;
  /** The platform as code without a process of its own sees it; for tests of other rooms. */
  teeFor(identity: EnclaveIdentity): Tee;
  /** Stops all enclaves and servers; may be called twice. */
  close(): Promise<void>;
}

/** Opens or makes a platform. Throws `SIMULATION_IN_PRODUCTION`, `PLATFORM_STATE_INVALID`. */
export async function createSimulatedPlatform(
  options: SimulatedPlatformOptions,
): Promise<SimulatedPlatform> {
  // Read here and not handed in: nobody can forget to.
  if (process.env["NODE_ENV"] === "production" && options.allowSimulationInProduction !== true) {
    throw new TeeError("SIMULATION_IN_PRODUCTION", "NODE_ENV is production; no simulation there");
  }
  const { dir, tee = "sgx", now = () => new Date() } = options;
  const first = scenarioOf(options.scenario ?? {}, tee);
  const { product } = first;
  const [{ fuseKey, credentials }, amd, node] = await Promise.all([
    openPlatformDirectory(dir, now()),
    tee === "snp" ? openAmdCredentials(dir, product, now(), options.rsaBits) : undefined,
    options.node ?? loadNodeExecutable(),
  ]);
  const anchor = createSimulationAnchor((amd?.ark ?? credentials.root).certificate);
  const vendorIn = (scenario: PlatformScenario): SimulatedVendor =>
    createVendor({ credentials, amd, scenario, now });
  let vendor = vendorIn(first);
  const issueEvidence = createEvidenceIssuer({ tee, credentials, amd, vendor: () => vendor });
  const services: PlatformServices = { tee, anchor, fuseKey, issueEvidence };
  const enclaves = createEnclaveSet();
  const servers = new Set<PcsServer>();
  return {
    tee,
    anchor,
    ...endorsementsOf(tee, () => vendor),
    async launch(image, launchOptions = {}) {
      const verified = await verifyImage(image, node);
      const identity = { ...verified.identity, ...hostDataOf(launchOptions) };
      const answer = async (message: unknown): Promise<object | undefined> =>
        await answerRequest(services, identity, message);
      return enclaves.add(
        await launchEnclave({ ...verified, identity }, node, launchOptions, answer),
      );
    },
    async servePcs(address) {
      const server = await servePcs(() => vendor, address);
      servers.add(server);
      return server;
    },
    setScenario(next) {
      const scenario = scenarioOf({ product, ...next }, tee);
      if (scenario.product !== product) throw new TypeError(`the processor stays a ${product}`);
      vendor = vendorIn(scenario);
    },
    teeFor: (identity) => createTee(services, identity),
    async close() {
      await enclaves.close();
      await Promise.all([...servers].map((server) => server.close()));
    },
  };
}

/** What the vendor says of a platform of this kind. */
function endorsementsOf(
  tee: TeeKind,
  vendor: () => SimulatedVendor,
): Pick<SimulatedPlatform, "collateral" | "amdEndorsements" | "endorsements"> {
  const collateral = async (): Promise<DcapCollateral> => {
    if (tee === "snp") throw new TypeError("an snp platform has no dcap collateral");
    return await vendor().collateral(tee);
  };
  const amdEndorsements = async (): Promise<AmdEndorsementParts> => {
    const { amd } = vendor();
    if (amd === undefined) throw new TypeError(`amd does not endorse ${tee} platforms`);
    return await amd.endorsements();
  };
  const endorsements = async (): Promise<Endorsements> =>
    tee === "snp"
      ? { vendor: "amd", ...(await amdEndorsements()) }
      : { vendor: "intel", collateral: await collateral() };
  return { collateral, amdEndorsements, endorsements };
}

function hostDataOf({ policyFile }: LaunchOptions): Pick<EnclaveIdentity, "hostData"> {
  if (policyFile === undefined) return {};
  return { hostData: new Uint8Array(createHash("sha256").update(policyFile).digest()) };
}

/** Keeps the enclaves of a platform, which end with the process that holds it. */
function createEnclaveSet(): { add(enclave: Enclave): Enclave; close(): Promise<void> } {
  const running = new Set<Enclave>();
  const killAll = (): void => {
    for (const enclave of running) enclave.kill("SIGKILL");
  };
  return {
    add(enclave) {
      if (running.size === 0) process.on("exit", killAll);
      running.add(enclave);
      void enclave.exited.then(() => {
        running.delete(enclave);
        if (running.size === 0) process.off("exit", killAll);
      });
      return enclave;
    },
    async close() {
      await Promise.all([...running].map((enclave) => enclave.stop()));
    },
  };
}

function createTee(services: PlatformServices, identity: EnclaveIdentity): Tee {
  const { tee, anchor, fuseKey } = services;
  return {
    tee,
    assurance: anchor.kind,
    trustAnchor: anchor,
    async getEvidence(reportData) {
      if (reportData.length > REPORT_DATA_BYTES) {
        throw new TypeError(`report data has ${reportData.length} bytes, 64 allowed`);
      }
      return await services.issueEvidence(identity, reportData);
    },
    async getSealingKey(policy) {
      return await Promise.resolve(deriveSealingKey(fuseKey, identity, policy, tee));
    },
  };
}
