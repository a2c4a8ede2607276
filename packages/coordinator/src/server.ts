import { readFile } from "node:fs/promises";
import { createEvidenceVerifier, HARDWARE_ANCHORS, type TrustAnchor } from "@carrara/attestation";
import type { Tee } from "@carrara/tee";
import { type ListeningApi, serveClientApi } from "./api/client/client-api.ts";
import { serveMeshApi } from "./api/mesh/mesh-api.ts";
import type { CoordinatorConfig, Environment } from "./config.ts";
import { type Coordinator, openCoordinator } from "./coordinator.ts";
import { manifestFingerprint } from "./core/deployment.ts";
import { CoordinatorError } from "./error.ts";
import type { Log } from "./log.ts";
import { createQuoteVerifier, type EndorsementSource } from "./quote-verifier.ts";
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
}

/** A Coordinator with both of its servers. */
export interface CoordinatorServer {
  readonly coordinator: Coordinator;
  readonly clientPort: number;
  readonly meshPort: number;
  /** Ends both servers, then waits for the last commit. May be called twice. */
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
  const { config, log, clock, tee, endorsements, environment, store } = deps;
  const quotes = createQuoteVerifier({
    evidence: createEvidenceVerifier(),
    endorsements,
    anchors: trustedAnchors(tee),
    clock,
  });
  const coordinator = await openCoordinator({
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
  if (config.startupManifest !== undefined) {
    await applyStartupManifest(coordinator, await readFile(config.startupManifest), log);
  }
  const connectionLogLevel = config.httpErrorLogLevel;
  const common = { coordinator, log, connectionLogLevel };
  const opened: ListeningApi[] = [];
  const close = async () => {
    await Promise.all(opened.splice(0).map(async (api) => await api.close()));
    await coordinator.close();
  };
  try {
    const client = await serveClientApi({ ...common, address: config.clientAddress });
    opened.push(client);
    const mesh = await serveMeshApi({ ...common, address: config.meshAddress });
    opened.push(mesh);
    return { coordinator, clientPort: client.port, meshPort: mesh.port, close };
  } catch (error) {
    await close();
    throw error;
  }
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
  const current = coordinator.deployment();
  if (current === undefined) {
    await coordinator.setManifest(manifest);
    return;
  }
  if (current.fingerprint !== fingerprint) {
    throw new CoordinatorError("STATE_WRONG", "a manifest other than the startup manifest is set");
  }
  log.info({ fingerprint }, "startup manifest is set already");
}
