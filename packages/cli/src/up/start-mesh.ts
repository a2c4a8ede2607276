import { existsSync } from "node:fs";
import { join } from "node:path";
import type { TeeKind } from "@carrara/attestation";
import { createHttpsTransport } from "@carrara/client";
import { parseManifest } from "@carrara/manifest";
import type { SimulatedPlatform } from "@carrara/tee";
import { CliError } from "../cli-error.ts";
import { readInput } from "../files.ts";
import { type Cleanup, createCleanup } from "./cleanup.ts";
import { ensureManifest, STATE } from "./ensure-manifest.ts";
import { ensureTee } from "./ensure-tee.ts";
import { findFreePorts } from "./loopback-port.ts";
import { type MarbleConfig, type MeshConfig, parseMeshConfig } from "./mesh-config.ts";
import { type MeshFiles, meshFilesIn } from "./mesh-files.ts";
import type { MeshImages, SignedImage } from "./mesh-images.ts";
import { choosePorts, DEFAULT_PORTS, type MeshPorts } from "./mesh-ports.ts";
import { type PortPlan, planReplica, portMapOf } from "./port-plan.ts";
import { prepareMesh } from "./prepare-mesh.ts";
import type { ReadyFacts } from "./ready-screen.ts";
import type { RunningChild } from "./running-child.ts";
import {
  awaitRecovery,
  type CoordinatorStart,
  type LocalCoordinator,
  startCoordinator,
  whenReachable,
} from "./start-coordinator.ts";
import { startMarble } from "./start-marble.ts";
import { lockStateDir } from "./state-lock.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";
import { startBot } from "./vote-bot.ts";
import { waitUntil } from "./wait-until.ts";

/** From launch to the first answer of the web marble, in ms; about one second on two cores. */
const WEB_TIMEOUT_MS = 90_000;

/** What a mesh on this machine is started from. */
export interface StartMeshOptions {
  /** Directory with `enclave.json`, `mesh.json` and the manifest. */
  readonly appDir: string;
  /** This repository, for the Coordinator's sources. */
  readonly repository: string;
  readonly stateDir: string;
  /** Path of the manifest to run under; default: the one that `mesh.json` names. */
  readonly manifest?: string | undefined;
  /** Names of images by marble type, in place of those of `mesh.json`. */
  readonly images?: ReadonlyMap<string, string>;
  /** How many instances of the web marble run; default 1. */
  readonly webReplicas?: number;
  /** 0 takes any free port; {@link DEFAULT_PORTS} for what is left out. */
  readonly ports?: Partial<MeshPorts>;
  /** What the simulated platform is; default `sgx`. */
  readonly tee?: TeeKind;
  /** Whether the application's load generator runs; default true. */
  readonly voteBot?: boolean;
  readonly onStep?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** Ways to start a marble differently from `mesh.json`. */
export interface LaunchMarbleOptions {
  /** Name of another image of the application, or the bytes of any signed image. */
  readonly image?: string | Uint8Array;
  /** Replaces single variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** Directory and log name; default: the type. */
  readonly instance?: string;
  /** Its listeners have these loopback ports, in order, so that it runs beside the one of `mesh.json`. */
  readonly ports?: readonly number[];
  /** Whether its end is a failure of the mesh; default true. */
  readonly supervised?: boolean;
}

/** A running mesh. */
export interface Mesh {
  readonly facts: ReadyFacts;
  readonly ports: MeshPorts;
  /** Where the inner listeners of the marbles are really bound. */
  readonly plan: PortPlan;
  readonly files: MeshFiles;
  readonly platform: SimulatedPlatform;
  readonly images: MeshImages;
  readonly coordinator: LocalCoordinator;
  /** By instance. */
  readonly marbles: ReadonlyMap<string, RunningChild>;
  /** Resolves when a process ends that should not. */
  readonly failure: Promise<CliError>;
  /** Starts a marble of `mesh.json` by its type; an earlier one of the same instance is forgotten. */
  launchMarble(type: string, options?: LaunchMarbleOptions): Promise<RunningChild>;
  /** Ends the marble of an instance: the type, unless it was started under another name. */
  stopMarble(instance: string): Promise<void>;
  /** Waits until the web marble answers. */
  waitForWeb(): Promise<void>;
  /** Stops everything in reverse order; state stays. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Builds, signs and starts a whole mesh on the simulated platform of `stateDir`: Coordinator,
 * marbles, load generator. When anything fails, everything is stopped before the error is thrown.
 */
export async function startMesh(options: StartMeshOptions): Promise<Mesh> {
  const cleanup = createCleanup();
  try {
    return await bringUp(options, cleanup);
  } catch (error) {
    await cleanup.run();
    throw error;
  }
}

async function bringUp(options: StartMeshOptions, cleanup: Cleanup): Promise<Mesh> {
  const { appDir, repository, stateDir, tee = "sgx", voteBot = true } = options;
  const { onStep = () => undefined, signal = new AbortController().signal } = options;
  const config = parseMeshConfig(await readInput(join(appDir, "mesh.json")));
  cleanup.add(await lockStateDir(stateDir));
  const { ports, plan } = await choosePorts({ ...DEFAULT_PORTS, ...options.ports }, config);
  const files = meshFilesIn(stateDir);
  await ensureTee(files.tee, tee, !existsSync(files.platform));

  onStep("Building and signing enclave images");
  const { manifest: manifestFile, images: chosen = new Map<string, string>() } = options;
  for (const type of chosen.keys()) marbleNamed(config, type);
  const prepared = prepareMesh({
    appDir,
    repository,
    config,
    run: config.marbles.map(({ type, image: own }) => chosen.get(type) ?? own),
    manifest: manifestFile,
    files,
    tee,
    voteBot,
    signal,
  });
  cleanup.add(async () => await prepared.settled);
  const platform = await prepared.platform;
  cleanup.add(async () => await platform.close());
  const pcs = await platform.servePcs({ host: "127.0.0.1", port: 0 });
  const supervisor = createSupervisor();
  cleanup.add(async () => await supervisor.stopAll());
  const image = await prepared.coordinatorImage;
  signal.throwIfAborted();

  onStep("Starting and attesting the Coordinator");
  const start = { platform, pccsUrl: pcs.url, image, files, ports, supervisor, signal };
  const started = await startCoordinator(start);
  const manifest = await prepared.manifest;
  const coordinator = await recovered(start, started, manifest, onStep);
  onStep("Setting the manifest");
  await ensureManifest(coordinator, manifest, { files, stateDir, signal });

  const replicas = await planWebReplicas(config, options.webReplicas ?? 1);
  const mesh = createMesh({
    replicas,
    config,
    ports,
    plan,
    files,
    platform,
    images: prepared.images,
    coordinator,
    supervisor,
    cleanup,
    signal,
  });
  onStep("Starting and activating the marbles");
  await Promise.all(
    config.marbles.map(
      async ({ type, image: own }) =>
        await mesh.launchMarble(type, { image: chosen.get(type) ?? own }),
    ),
  );
  for (const { name, port } of replicas) {
    const image = chosen.get(config.web.marble);
    const as = { instance: name, ports: [port], ...(image === undefined ? {} : { image }) };
    await mesh.launchMarble(config.web.marble, as);
  }
  await mesh.waitForWeb();
  if (voteBot && config.bot !== undefined) {
    await prepared.bot;
    supervisor.add(startBot(files, ports.web));
  }
  return mesh;
}

/** A Coordinator that cannot unseal its state waits for those who can help, if there are any. */
async function recovered(
  start: CoordinatorStart,
  coordinator: LocalCoordinator,
  manifest: Uint8Array,
  onStep: (message: string) => void,
): Promise<LocalCoordinator> {
  const { recoveryKeys } = parseManifest(manifest);
  if (coordinator.state !== STATE.recovery || recoveryKeys.size === 0) return coordinator;
  onStep(
    `Waiting for recovery: carrara recover RECOVERY-DATA localhost:${start.ports.coordinator} --insecure --key KEY`,
  );
  return await awaitRecovery(start, coordinator);
}

/** One more instance of the web marble. */
interface WebReplica {
  readonly name: string;
  readonly port: number;
}

async function planWebReplicas({ web }: MeshConfig, count: number): Promise<readonly WebReplica[]> {
  const free = await findFreePorts(count - 1);
  return free.map((port, i) => ({ name: `${web.marble}-${i + 2}`, port }));
}

interface MeshParts
  extends Pick<Mesh, "ports" | "plan" | "files" | "platform" | "images" | "coordinator"> {
  readonly replicas: readonly WebReplica[];
  readonly config: MeshConfig;
  readonly supervisor: Supervisor;
  readonly cleanup: Cleanup;
  readonly signal: AbortSignal;
}

function createMesh(parts: MeshParts): Mesh {
  const { config, coordinator, files, images, platform, plan, ports, supervisor } = parts;
  const marbles = new Map<string, RunningChild>();
  return {
    facts: factsOf(parts),
    ports,
    plan,
    files,
    platform,
    images,
    coordinator,
    marbles,
    failure: supervisor.failure,
    async launchMarble(type, options = {}) {
      const marble = marbleNamed(config, type);
      const { instance = type, ports: own } = options;
      const child = await startMarble({
        platform,
        files,
        meshPort: ports.mesh,
        coordinatorPort: ports.coordinator,
        marble,
        image: await imageFor(images, options.image ?? marble.image, marble.image),
        portMap: portMapOf(
          config,
          marble,
          own === undefined ? plan : planReplica(plan, marble, own),
        ),
        instance,
        ...(options.env === undefined ? {} : { env: options.env }),
      });
      if (options.supervised !== false) supervisor.add(child);
      marbles.set(instance, child);
      return child;
    },
    async stopMarble(instance) {
      const child = marbles.get(instance);
      marbles.delete(instance);
      if (child !== undefined) await supervisor.stop(child);
    },
    waitForWeb: async () => await waitForWeb(parts),
    stop: async () => await parts.cleanup.run(),
  };
}

function factsOf({ coordinator, files, ports, replicas }: MeshParts): ReadyFacts {
  return {
    web: `https://localhost:${ports.web}`,
    webReplicas: replicas.map(({ port }) => `https://localhost:${port}`),
    coordinator: `localhost:${ports.coordinator}`,
    coordinatorCert: files.coordinatorCert,
    manifest: files.manifest,
    assurance: coordinator.attested.assurance,
  };
}

function marbleNamed(config: MeshConfig, type: string): MarbleConfig {
  const marble = config.marbles.find((candidate) => candidate.type === type);
  if (marble === undefined) throw new CliError("APP_INVALID", `mesh.json has no marble ${type}`);
  return marble;
}

/** Foreign bytes run under the facts of the image they stand in for: the page only repeats them. */
async function imageFor(
  images: MeshImages,
  image: string | Uint8Array,
  standsInFor: string,
): Promise<SignedImage> {
  if (typeof image === "string") return await images.get(image);
  return { ...(await images.get(standsInFor)), bytes: image };
}

/** Waits for every instance. */
async function waitForWeb(parts: MeshParts): Promise<void> {
  const replicas = parts.replicas.map(({ port }) => port);
  await Promise.all(
    [parts.ports.web, ...replicas].map(async (port) => await waitForWebAt(port, parts)),
  );
}

/** Verified with the mesh's own chain, so that what answers is the marble and nobody else. */
async function waitForWebAt(
  port: number,
  { coordinator, signal, supervisor }: MeshParts,
): Promise<void> {
  const transport = createHttpsTransport({ host: { name: "localhost", port } });
  const trust = { kind: "pinned", rootPem: coordinator.attested.chainPem } as const;
  await waitUntil({
    what: "the web marble to answer",
    probe: async () => {
      const request = { method: "GET", path: "/readyz", trust, signal } as const;
      const answer = await whenReachable(async () => await transport(request));
      return answer?.status === 200 ? true : undefined;
    },
    failure: supervisor.failure,
    timeoutMs: WEB_TIMEOUT_MS,
    signal,
  });
}
