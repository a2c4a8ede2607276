import type { KeyObject } from "node:crypto";
import {
  type AmdEndorsementsText,
  type DcapCollateral,
  endorsementsToText,
} from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import { hasFeatureGate, sealModeOf } from "@carrara/manifest";
import type { Tee } from "@carrara/tee";
import { type CommitQueue, createCommitQueue } from "./commit-queue.ts";
import { type ActivationRequest, activateMarble, countActivation } from "./core/activate.ts";
import { authenticateMarble, authenticateUser } from "./core/authenticate.ts";
import { advanceCounter, type CounterOwner, requireCounters } from "./core/counter.ts";
import type { Deployment, MeshUser } from "./core/deployment.ts";
import { signSha256 } from "./core/elliptic-key.ts";
import type { MarbleParameters } from "./core/marble-parameters.ts";
import { requireRecoverySignatures } from "./core/recovery.ts";
import type { Secret } from "./core/secret.ts";
import { setManifest } from "./core/set-manifest.ts";
import {
  type MeshState,
  requirePhase,
  requireRunning,
  type Status,
  statusOf,
} from "./core/state.ts";
import { decodeState } from "./core/state-codec.ts";
import { readSecrets, type UserSecret, writeSecrets } from "./core/user-secrets.ts";
import { CoordinatorError, reasonOf } from "./error.ts";
import { type OpenStateDeps, openState, randomBytesOf, type Sealed } from "./open-state.ts";
import { chainPem, makeQuote } from "./own-quote.ts";
import { asWireEvidence, type QuoteVerifier } from "./quote-verifier.ts";
import type { RecoverySession } from "./recovery-session.ts";
import { createSealer, type Sealer } from "./sealer.ts";

/** What {@link openCoordinator} needs. */
export interface CoordinatorDeps extends OpenStateDeps {
  readonly tee: Tee;
  readonly quotes: QuoteVerifier;
  /** Activates Marbles that send no quote. */
  readonly acceptUnattested: boolean;
  /** Goes on without an own quote when making one fails. */
  readonly tolerateQuoteFailure: boolean;
  /** The environment, for manifest rules that look at it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A certificate with its key, for a TLS server. */
export interface ServerIdentity {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
}

/** Who the Coordinator says it is. */
export interface CoordinatorQuote {
  /** PEM of the intermediate, then the root. */
  readonly certificateChain: string;
  /** Open Enclave form; undefined where quoting failed and that is tolerated. */
  readonly quote: Uint8Array | undefined;
}

/** The control plane without its servers. Methods throw {@link CoordinatorError}. */
export interface Coordinator {
  status(): Status;
  /** The cached quote over the root certificate, or a fresh one over it and `nonce`. */
  quote(nonce: Uint8Array): Promise<CoordinatorQuote>;
  /** Collateral of the own quote. Throws `QUOTE_FAILED`, `COLLATERAL_UNAVAILABLE`. */
  collateral(): Promise<DcapCollateral | AmdEndorsementsText>;
  /** Sets a manifest; returns the encrypted recovery secrets. */
  setManifest(bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>>;
  /** The manifest in force. */
  deployment(): Deployment | undefined;
  /** Throws `STATE_WRONG`. */
  updateLog(): readonly string[];
  /** Throws `USER_UNAUTHORIZED`. */
  authenticateUser(certificate: Uint8Array | undefined): MeshUser;
  /** Throws `FEATURE_DISABLED`, `MARBLE_UNAUTHORIZED`. */
  authenticateMarble(certificate: Uint8Array | undefined): Promise<CounterOwner>;
  readSecrets(user: MeshUser, names: readonly string[]): ReadonlyMap<string, Secret>;
  writeSecrets(user: MeshUser, uploads: ReadonlyMap<string, UserSecret>): Promise<void>;
  /** Raises a monotonic counter; returns its previous value. */
  advanceCounter(owner: CounterOwner, name: string, value: bigint): Promise<bigint>;
  /** Verifies a quote for others and signs its status (section 2.8). */
  signQuote(quote: Uint8Array): Promise<{ tcbStatus: string; signature: Uint8Array }>;
  /** Throws `FEATURE_DISABLED` unless the manifest allows {@link signQuote}. */
  requireSignQuote(): void;
  /** SubjectPublicKeyInfo of the key recovery secrets may be encrypted to. */
  recoveryPublicKey(): Promise<Uint8Array>;
  /** Takes one recovery secret; returns how many are missing, 0 when the state is restored. */
  recover(secret: Uint8Array, signature: Uint8Array): Promise<number>;
  activate(request: ActivationRequest): Promise<MarbleParameters>;
  /** Certificate of the client API. */
  clientIdentity(): ServerIdentity;
  /** Certificate of the mesh API. */
  meshIdentity(): ServerIdentity;
  /** Calls back whenever an identity changed. Returns how to stop that. */
  onIdentityChange(listener: () => void): () => void;
  /** Resolves when all commits under way are done. */
  close(): Promise<void>;
}

/**
 * Loads the sealed state or makes a fresh authority, and quotes its root. Throws `STATE_TAMPERED`,
 * `QUOTE_FAILED`, and what the store throws.
 */
export async function openCoordinator(deps: CoordinatorDeps): Promise<Coordinator> {
  const { log, clock, tee, quotes } = deps;
  const opened = await openState(deps);
  const commits: CommitQueue<Sealed> = createCommitQueue<Sealed>(
    { mesh: opened.mesh, sealer: opened.sealer },
    async ({ mesh, sealer }) => await save(mesh, sealer),
  );
  const listeners = new Set<() => void>();
  let session = opened.session;
  let recovering: Promise<unknown> = Promise.resolve();
  const quoteRoot = async (state: MeshState) => {
    try {
      return await makeQuote(tee, state, new Uint8Array(0));
    } catch (error) {
      if (!deps.tolerateQuoteFailure) throw error;
      log.error({ code: reasonOf(error) }, "no own quote, tolerated in dev mode");
      return undefined;
    }
  };
  let ownQuote = await quoteRoot(opened.mesh);
  const mesh = () => commits.current().mesh;
  const context = () => ({ now: clock(), randomBytes: randomBytesOf });
  if (deps.acceptUnattested) {
    log.warn(
      { code: "UNATTESTED_ACCEPTED" },
      "marbles without a quote are accepted: no attestation",
    );
  }

  const updateMesh = async <T>(change: (state: MeshState) => { state: MeshState; result: T }) =>
    await commits.apply((before) => {
      const { state, result } = change(before.mesh);
      return { state: state === before.mesh ? before : { ...before, mesh: state }, result };
    });

  const replaceState = async (before: MeshState, next: Sealed) => {
    await commits.apply((current) => {
      // Another manifest or recovery was faster: first set wins.
      if (current.mesh !== before) {
        throw new CoordinatorError("STATE_WRONG", "server is not in expected state");
      }
      return { state: next, result: undefined };
    });
    session = undefined;
    for (const listener of listeners) listener();
  };

  const recoverWith = async (
    active: RecoverySession,
    secret: Uint8Array,
    signature: Uint8Array,
  ) => {
    const before = mesh();
    requirePhase(before, "recovery");
    const { remaining, recovered } = await active.submit({ secret, signature });
    if (recovered === undefined) return remaining;
    const state = await decodeState(recovered.plain);
    const { deployment } = requireRunning(state);
    try {
      requireRecoverySignatures(deployment.manifest, recovered.given);
    } catch (error) {
      active.reset();
      throw error;
    }
    const quote = await quoteRoot(state);
    const mode = sealModeOf(deployment.manifest);
    const sealer = await createSealer(deps, recovered.dataKey, mode, recovered.hashes);
    await replaceState(before, { mesh: state, sealer });
    ownQuote = quote;
    log.info({ fingerprint: deployment.fingerprint }, "state recovered");
    return 0;
  };

  return {
    status: () => statusOf(mesh().phase),
    quote: async (nonce) => ({
      certificateChain: chainPem(mesh()),
      quote: nonce.length === 0 ? ownQuote : await makeQuote(tee, mesh(), nonce),
    }),
    collateral: async () => {
      if (ownQuote === undefined)
        throw new CoordinatorError("QUOTE_FAILED", "there is no own quote");
      return endorsementsToText(await quotes.endorsementsOf(ownQuote));
    },
    setManifest: async (bytes) => {
      const before = mesh();
      const setting = await setManifest(before, bytes, {
        ...context(),
        environment: deps.environment,
      });
      const { dataKey, secretHashes, encryptedSecrets } = setting.recovery;
      const sealer = await createSealer(deps, dataKey, setting.sealMode, secretHashes);
      await replaceState(before, { mesh: setting.state, sealer });
      for (const warning of setting.warnings) log.warn({ ...warning }, "manifest warning");
      const { fingerprint } = requireRunning(setting.state).deployment;
      log.info({ fingerprint, sealMode: setting.sealMode }, "manifest set");
      return encryptedSecrets;
    },
    deployment: () => mesh().deployment,
    updateLog: () => requireRunning(mesh()).updateLog,
    authenticateUser: (certificate) => authenticateUser(mesh(), certificate),
    authenticateMarble: async (certificate) => {
      requireCounters(mesh());
      return await authenticateMarble(mesh(), certificate, clock());
    },
    readSecrets: (user, names) => {
      const secrets = readSecrets(mesh(), user, names);
      log.info({ user: user.name, secrets: names }, "secrets read");
      return secrets;
    },
    writeSecrets: async (user, uploads) => {
      await updateMesh((state) => ({
        state: writeSecrets(state, user, uploads, clock()),
        result: undefined,
      }));
      log.info({ user: user.name, secrets: [...uploads.keys()] }, "secrets set");
    },
    advanceCounter: async (owner, name, value) =>
      await updateMesh((before) => {
        const { state, previous } = advanceCounter(before, owner, name, value);
        return { state, result: previous };
      }),
    requireSignQuote: () => requireSignQuote(mesh()),
    signQuote: async (quote) => {
      requireSignQuote(mesh());
      const { status } = await quotes.verify(asWireEvidence(quote));
      if (status === undefined) {
        throw new CoordinatorError("QUOTE_INVALID", "evidence of this kind has no tcb status");
      }
      const text = utf8(`${Buffer.from(quote).toString("base64")}${status}`);
      return { tcbStatus: status, signature: signSha256(mesh().authority.root.key, text) };
    },
    recoveryPublicKey: async () => await requireSession(mesh(), session).publicKey(),
    recover: async (secret, signature) => {
      const active = requireSession(mesh(), session);
      // One after the other: each secret counts on those before it.
      const outcome = recovering.then(
        async () => await recoverWith(active, secret, signature),
        async () => await recoverWith(active, secret, signature),
      );
      recovering = outcome;
      return await outcome;
    },
    activate: async (request) => {
      const { marbleType } = request;
      const activation = await activateMarble(mesh(), request, {
        ...context(),
        verifyQuote: quotes.verify,
        acceptUnattested: deps.acceptUnattested,
      });
      if (activation.limited) {
        await updateMesh((state) => ({
          state: countActivation(state, marbleType),
          result: undefined,
        }));
      }
      const { uuid, packageName, quote } = activation;
      const fields = { marbleType, uuid, package: packageName };
      if (quote === undefined) {
        log.warn(
          { ...fields, code: "UNATTESTED_ACCEPTED" },
          "marble activated without attestation",
        );
      } else {
        const measured = { tcbStatus: quote.status, uniqueId: quote.identity.uniqueId };
        log.info({ ...fields, ...measured }, "marble activated");
      }
      return activation.parameters;
    },
    clientIdentity: () => mesh().authority.root,
    meshIdentity: () => {
      const { marbleRoot, intermediate } = mesh().authority;
      return { certificate: marbleRoot, key: intermediate.key };
    },
    onIdentityChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => await commits.drain(),
  };
}

async function save(mesh: MeshState, sealer: Sealer | undefined): Promise<void> {
  try {
    await sealer?.save(mesh);
  } catch (cause) {
    throw new CoordinatorError("STORE_FAILED", "the state cannot be saved", { cause });
  }
}

function requireSignQuote({ deployment }: MeshState): void {
  if (deployment === undefined || !hasFeatureGate(deployment.manifest, "SignQuoteEndpoint")) {
    throw new CoordinatorError(
      "FEATURE_DISABLED",
      "the SignQuoteEndpoint feature is not enabled in the manifest",
    );
  }
}

function requireSession(mesh: MeshState, session: RecoverySession | undefined): RecoverySession {
  requirePhase(mesh, "recovery");
  if (session === undefined) {
    throw new CoordinatorError("STATE_WRONG", "server is not in expected state");
  }
  return session;
}
