import { readFile } from "node:fs/promises";
import { createEvidenceVerifier, HARDWARE_ANCHORS, type TrustAnchor } from "@carrara/attestation";
import type { Tee } from "@carrara/tee";
import { serveClientApi } from "./api/client/client-api.ts";
import { serveMeshApi } from "./api/mesh/mesh-api.ts";
import type { CoordinatorConfig, Environment } from "./config.ts";
import type { Coordinator } from "./coordinator.ts";
import { manifestFingerprint } from "./core/deployment.ts";
import { NODE_QUOTE_CRYPTO } from "./core/quote-crypto.ts";
import { CoordinatorError } from "./error.ts";
import { createKeyRequest } from "./keyring/key-client.ts";
import { serveKeyApi } from "./keyring/key-server.ts";
import type { Log } from "./log.ts";
import { measuredStore } from "./observe/measured-store.ts";
import type { BuildInfo } from "./observe/metrics.ts";
import { startTelemetry } from "./observe/telemetry.ts";
import { openCoordinator } from "./open-coordinator.ts";
import {
  createQuoteVerifier,
  type EndorsementSource,
  type QuoteVerifier,
} from "./quote-verifier.ts";
import type { StateStore } from "./store/state-store.ts";

/** What {@link startCoordinatorServer} needs. */
export interface CoordinatorServerDeps {
  readonly config: CoordinatorConfig;
  readonly environment: Environment;
  readonly store: StateStore;
  readonly tee: Tee;
  readonly endorsements: EndorsementSource;
  readonly clock: () => Date;
  readonly log: Log;
  readonly build: BuildInfo;
  /** Whether metrics of the process are served too; they watch it until it ends. */
  readonly processMetrics?: boolean;
}

/** A Coordinator with both of its servers. */
export interface CoordinatorServer {
  readonly coordinator: Coordinator;
  readonly clientPort: number;
  readonly meshPort: number;
  /** Where metrics are served; undefined where they are not. */
  readonly metricsPort: number | undefined;
  /** Where the key of a shared state is handed out; undefined where the state is not shared. */
  readonly keyPort: number | undefined;
  /** Ends the servers, waits for the last commit and sends the last spans. May be called twice. */
  close(): Promise<void>;
}

/** A mesh on hardware may have marbles on several kinds of it; a simulation trusts itself alone. */
export function trustedAnchors(
  tee: Pick<Tee, "assurance" | "trustAnchor">,
): readonly TrustAnchor[] {
  return tee.assurance === "hardware" ? HARDWARE_ANCHORS : [tee.trustAnchor];
}

/**
 * Opens the state, sets the startup manifest and serves both APIs, in the order of section 1.3.
 * Throws what {@link openCoordinator} throws, `CONFIG_INVALID`, and listen errors.
 */
export async function startCoordinatorServer(
  deps: CoordinatorServerDeps,
): Promise<CoordinatorServer> {
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    // In reverse: what measures ends after what is measured.
    for (const each of opened.splice(0).reverse()) await each.close();
  };
  try {
    return { ...(await openAll(deps, opened)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Opens one after the other, adding to `opened` what must be closed. */
async function openAll(
  deps: CoordinatorServerDeps,
  opened: { close(): Promise<void> }[],
): Promise<Omit<CoordinatorServer, "close">> {
  const { config, log } = deps;
  const loaded: { coordinator?: Coordinator } = {};
  const telemetry = await startTelemetry({
    ...deps,
    state: () => loaded.coordinator?.status().code ?? 0,
    probeStore: async () => await deps.store.version(),
  });
  opened.push(telemetry);
  const { metrics, metricsPort } = telemetry;
  const store = metrics === undefined ? deps.store : measuredStore(deps.store, metrics);
  const quotes = quotesOf(deps);
  const coordinator = await openFrom({ ...deps, store }, quotes);
  loaded.coordinator = coordinator;
  opened.push(coordinator);
  if (config.startupManifest !== undefined) {
    await applyStartupManifest(coordinator, await readFile(config.startupManifest), log);
  }
  const common = { coordinator, log, connectionLogLevel: config.httpErrorLogLevel, telemetry };
  const client = await serveClientApi({ ...common, address: config.clientAddress });
  opened.push(client);
  const mesh = await serveMeshApi({ ...common, address: config.meshAddress });
  opened.push(mesh);
  const ports = { clientPort: client.port, meshPort: mesh.port, metricsPort };
  if (store.machines === undefined) return { coordinator, ...ports, keyPort: undefined };
  const { sharedKey } = coordinator;
  const keys = await serveKeyApi({ ...deps, quotes, sharedKey, address: config.keyAddress });
  opened.push(keys);
  return { coordinator, ...ports, keyPort: keys.port };
}

function quotesOf({ endorsements, tee, clock }: CoordinatorServerDeps): QuoteVerifier {
  return createQuoteVerifier({
    evidence: createEvidenceVerifier(NODE_QUOTE_CRYPTO),
    endorsements,
    anchors: trustedAnchors(tee),
    clock,
  });
}

async function openFrom(deps: CoordinatorServerDeps, quotes: QuoteVerifier): Promise<Coordinator> {
  const { config, log, clock, tee, environment, store } = deps;
  return await openCoordinator({
    requestSharedKey: createKeyRequest({ tee, quotes, clock, log, peers: config.peers }),
    store,
    tee,
    quotes,
    clock,
    log,
    environment,
    dnsNames: config.dnsNames,
    ipAddresses: config.ipAddresses,
    acceptUnattested: config.acceptUnattested,
    tolerateQuoteFailure: config.devMode,
  });
}

/**
 * Sets `manifest` unless the very same one is in force, so that a restart is no error. Throws
 * `STATE_WRONG` when another one is, and what setting a manifest throws.
 */
async function applyStartupManifest(
  coordinator: Coordinator,
  manifest: Uint8Array,
  log: Log,
): Promise<void> {
  const fingerprint = manifestFingerprint(manifest);
  if (coordinator.deployment() === undefined && (await isFirst(coordinator, manifest))) return;
  const current = coordinator.deployment();
  if (current === undefined) throw new CoordinatorError("STATE_WRONG", "no manifest is set");
  if (current.fingerprint !== fingerprint) {
    throw new CoordinatorError("STATE_WRONG", "a manifest other than the startup manifest is set");
  }
  log.info({ fingerprint }, "startup manifest is set already");
}

/** Sets `manifest`; false when another Coordinator of a shared state set one first. */
async function isFirst(coordinator: Coordinator, manifest: Uint8Array): Promise<boolean> {
  try {
    await coordinator.setManifest(manifest);
    return true;
  } catch (error) {
    if (!(error instanceof CoordinatorError && error.code === "STATE_WRONG")) throw error;
    return false;
  }
}
