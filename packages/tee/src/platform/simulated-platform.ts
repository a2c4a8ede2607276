import process from "node:process";
import {
  createSimulationAnchor,
  type DcapCollateral,
  type TrustAnchor,
} from "@carrara/attestation";
import { TeeError } from "../error.ts";
import { loadNodeExecutable, type NodeExecutable } from "../image/node-executable.ts";
import { type EnclaveIdentity, verifyImage } from "../image/verify-image.ts";
import type { Tee } from "../tee.ts";
import { answerRequest, type PlatformServices } from "./answer-request.ts";
import type { Enclave, LaunchOptions } from "./enclave.ts";
import { issueCollateral } from "./issue-collateral.ts";
import { launchEnclave } from "./launch-enclave.ts";
import { type PcsAddress, type PcsServer, servePcs } from "./pcs-server.ts";
import { openPlatformDirectory } from "./platform-directory.ts";
import { createQuoting } from "./quoting.ts";
import { DEFAULT_SCENARIO, type PlatformScenario } from "./scenario.ts";
import { deriveSealingKey } from "./sealing.ts";

const REPORT_DATA_BYTES = 64;
/** Collateral is signed anew after this time; it is valid for a week. */
const REISSUE_AFTER_MS = 3_600_000;

/** What a simulated platform is made from. */
export interface SimulatedPlatformOptions {
  /** One directory is one machine; made on first use, mode 0700. */
  readonly dir: string;
  readonly now?: () => Date;
  /** What the vendor says about the platform; in good order unless set. */
  readonly scenario?: Partial<PlatformScenario>;
  /** The Node binary that runs and measures images; that of this process unless set. */
  readonly node?: NodeExecutable;
  /** A simulation refuses to start where NODE_ENV is `production`, unless code says so here. */
  readonly allowSimulationInProduction?: boolean;
}

/** A software TEE: byte-exact evidence under its own root, and no protection at all. */
export interface SimulatedPlatform {
  readonly anchor: TrustAnchor;
  /**
   * Verifies and measures `image`, then starts it. Throws `IMAGE_MALFORMED`, `IMAGE_UNSIGNED`,
   * `IMAGE_SIGNATURE_INVALID`, `IMAGE_MEASUREMENT_MISMATCH`, `LAUNCH_REFUSED`.
   */
  launch(image: Uint8Array, options?: LaunchOptions): Promise<Enclave>;
  /** The platform's collateral, as its PCS would give it. */
  collateral(): Promise<DcapCollateral>;
  /** Serves the collateral on a loopback address, with the routes of Intel's PCS and of PCCS. */
  servePcs(address: PcsAddress): Promise<PcsServer>;
  /** Replaces what the vendor says about the platform. */
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
  const { dir, now = () => new Date() } = options;
  const [{ fuseKey, credentials }, node] = await Promise.all([
    openPlatformDirectory(dir, now()),
    options.node ?? loadNodeExecutable(),
  ]);
  const anchor = createSimulationAnchor(credentials.root.certificate);
  const quote = await createQuoting(credentials);
  const services: PlatformServices = { anchor, fuseKey, quote };
  const enclaves = createEnclaveSet();
  const servers = new Set<PcsServer>();
  let scenario: PlatformScenario = { ...DEFAULT_SCENARIO, ...options.scenario };
  let issued: { readonly at: Date; readonly collateral: Promise<DcapCollateral> } | undefined;
  const collateral = async (): Promise<DcapCollateral> => {
    const at = now();
    if (issued === undefined || at.getTime() - issued.at.getTime() > REISSUE_AFTER_MS) {
      issued = { at, collateral: issueCollateral(credentials, scenario, at) };
    }
    return await issued.collateral;
  };
  return {
    anchor,
    collateral,
    async launch(image, launchOptions = {}) {
      const verified = await verifyImage(image, node);
      const answer = (message: unknown): object | undefined =>
        answerRequest(services, verified.identity, message);
      return enclaves.add(await launchEnclave(verified, node, launchOptions, answer));
    },
    async servePcs(address) {
      const server = await servePcs(collateral, address);
      servers.add(server);
      return server;
    },
    setScenario(next) {
      scenario = { ...DEFAULT_SCENARIO, ...next };
      issued = undefined;
    },
    teeFor: (identity) => createTee(services, identity),
    async close() {
      await enclaves.close();
      await Promise.all([...servers].map((server) => server.close()));
    },
  };
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

function createTee({ anchor, fuseKey, quote }: PlatformServices, identity: EnclaveIdentity): Tee {
  return {
    assurance: anchor.kind,
    trustAnchor: anchor,
    async getEvidence(reportData) {
      if (reportData.length > REPORT_DATA_BYTES) {
        throw new TypeError(`report data has ${reportData.length} bytes, 64 allowed`);
      }
      return await Promise.resolve(quote(identity, reportData));
    },
    async getSealingKey(policy) {
      return await Promise.resolve(deriveSealingKey(fuseKey, identity, policy));
    },
  };
}
