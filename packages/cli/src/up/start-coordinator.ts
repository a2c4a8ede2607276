import { mkdir } from "node:fs/promises";
import {
  type AttestedCoordinator,
  attestCoordinator,
  ClientError,
  type CoordinatorClient,
  createCoordinatorClient,
  createHttpsTransport,
} from "@carrara/client";
import { fromHex } from "@carrara/encoding";
import type { SimulatedPlatform } from "@carrara/tee";
import { saveCertificateCache } from "../certificate-cache.ts";
import { CliError } from "../cli-error.ts";
import { STATE } from "./ensure-manifest.ts";
import type { MeshFiles } from "./mesh-files.ts";
import type { SignedImage } from "./mesh-images.ts";
import { type RunningChild, startEnclave } from "./running-child.ts";
import type { Supervisor } from "./supervisor.ts";
import { waitUntil } from "./wait-until.ts";

/** A Coordinator starts in about one second on two busy cores, in ms. */
const START_TIMEOUT_MS = 60_000;
/** People who hold recovery keys have to be found first: a day, in ms. */
const RECOVERY_TIMEOUT_MS = 86_400_000;

/** A Coordinator that runs and was attested. */
export interface LocalCoordinator {
  readonly child: RunningChild;
  readonly attested: AttestedCoordinator;
  /** Pins its Root. */
  readonly client: CoordinatorClient;
  /** State code (spec marblerun section 1.4). */
  readonly state: number;
}

/** What a Coordinator is started from. */
export interface CoordinatorStart {
  readonly platform: SimulatedPlatform;
  readonly pccsUrl: string;
  readonly image: SignedImage;
  readonly files: MeshFiles;
  readonly ports: { readonly coordinator: number; readonly mesh: number };
  readonly supervisor: Supervisor;
  readonly signal: AbortSignal;
}

/**
 * Starts the Coordinator, waits until it answers, attests it under the platform it runs on, and
 * keeps its certificates. Throws `PROCESS_ENDED`, `MESH_NOT_READY`, and the client's codes.
 */
export async function startCoordinator(start: CoordinatorStart): Promise<LocalCoordinator> {
  const child = await launch(start);
  const state = await waitForState(start, () => true, START_TIMEOUT_MS);
  return await attestLocal(start, child, state);
}

/**
 * Waits until somebody has recovered the Coordinator, and attests it anew: its root is the one from
 * before. Throws as {@link startCoordinator} does.
 */
export async function awaitRecovery(
  start: CoordinatorStart,
  { child }: LocalCoordinator,
): Promise<LocalCoordinator> {
  const state = await waitForState(start, (code) => code !== STATE.recovery, RECOVERY_TIMEOUT_MS);
  return await attestLocal(start, child, state);
}

async function waitForState(
  { ports, signal, supervisor }: CoordinatorStart,
  isWanted: (code: number) => boolean,
  timeoutMs: number,
): Promise<number> {
  const unverified = createCoordinatorClient({
    transport: createHttpsTransport({ host: { name: "localhost", port: ports.coordinator } }),
    trust: { kind: "unverified" },
  });
  return await waitUntil({
    what: "the Coordinator to answer",
    probe: async () => {
      const status = await whenReachable(async () => await unverified.status(signal));
      return status !== undefined && isWanted(status.code) ? status.code : undefined;
    },
    failure: supervisor.failure,
    timeoutMs,
    signal,
  });
}

async function attestLocal(
  { files, image, ports, signal }: CoordinatorStart,
  child: RunningChild,
  state: number,
): Promise<LocalCoordinator> {
  const transport = createHttpsTransport({ host: { name: "localhost", port: ports.coordinator } });
  const attested = await attestCoordinator({
    transport,
    policy: { insecure: true, identity: identityOf(image) },
    signal,
  });
  if (attested.assurance === "none") {
    throw new CliError("MESH_NOT_READY", "the Coordinator runs outside an enclave");
  }
  await saveCertificateCache(files.coordinatorCert, attested.chainPem, attested.assurance);
  const trust = { kind: "pinned", rootPem: attested.rootPem } as const;
  return { child, attested, client: createCoordinatorClient({ transport, trust }), state };
}

async function launch(start: CoordinatorStart): Promise<RunningChild> {
  const { files, image, pccsUrl, platform, ports, supervisor } = start;
  const { dir } = files.marble("coordinator");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const child = await startEnclave(platform, {
    name: "the Coordinator",
    image: image.bytes,
    cwd: dir,
    logFile: files.log("coordinator"),
    env: {
      EDG_COORDINATOR_MESH_ADDR: `127.0.0.1:${ports.mesh}`,
      EDG_COORDINATOR_CLIENT_ADDR: `127.0.0.1:${ports.coordinator}`,
      EDG_COORDINATOR_DNS_NAMES: "localhost",
      EDG_COORDINATOR_SEAL_DIR: files.seal,
      CARRARA_COLLATERAL_DIR: files.collateral,
      CARRARA_PCCS_URL: pccsUrl,
      // The platform's server has the routes of both vendors.
      CARRARA_KDS_URL: pccsUrl,
    },
  });
  supervisor.add(child);
  return child;
}

/** Whoever answers on the port must be the image that was just built. */
function identityOf({ info }: SignedImage): {
  readonly uniqueId: Uint8Array;
  readonly productId: number;
  readonly securityVersion: number;
  readonly debug: boolean;
} {
  return {
    uniqueId: fromHex(info.UniqueID),
    // A TD's measurement is all that there is, and enough.
    productId: "ProductID" in info ? info.ProductID : 0,
    securityVersion: "SecurityVersion" in info ? info.SecurityVersion : 0,
    debug: info.Debug,
  };
}

/** Undefined while nobody listens yet. */
export async function whenReachable<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof ClientError && cause.code === "UNREACHABLE") return undefined;
    throw cause;
  }
}
