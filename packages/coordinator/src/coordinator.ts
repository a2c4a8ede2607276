import type { KeyObject } from "node:crypto";
import {
  type AmdEndorsementsText,
  type DcapCollateral,
  endorsementsToText,
} from "@carrara/attestation";
import { equalBytes, utf8 } from "@carrara/encoding";
import { hasFeatureGate, sealModeOf, type UserSecret } from "@carrara/manifest";
import type { Tee } from "@carrara/tee";
import { commitUpdate } from "./commit-update.ts";
import { type ActivationRequest, activateMarble, countActivation } from "./core/activate.ts";
import { authenticateMarble, authenticateUser } from "./core/authenticate.ts";
import { advanceCounter, type CounterOwner, requireCounters } from "./core/counter.ts";
import type { Deployment, MeshUser } from "./core/deployment.ts";
import { signSha256 } from "./core/elliptic-key.ts";
import type { MarbleParameters } from "./core/marble-parameters.ts";
import { type PendingUpdate, requirePendingUpdate } from "./core/pending-update.ts";
import type { UpdateForecast } from "./core/plan-update.ts";
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
import type { UpdateProgress } from "./core/update-plan.ts";
import { readSecrets, writeSecrets } from "./core/user-secrets.ts";
import { CoordinatorError, reasonOf } from "./error.ts";
import { followStore } from "./follow-store.ts";
import { createLocalKeyring } from "./keyring/keyring.ts";
import { createSharedKeyring } from "./keyring/shared-keyring.ts";
import type { Log } from "./log.ts";
import { type TraceSpan, UNTRACED } from "./observe/tracing.ts";
import { type OpenStateDeps, openState, randomBytesOf } from "./open-state.ts";
import { chainPem, makeQuote } from "./own-quote.ts";
import { asWireEvidence, type QuoteVerifier } from "./quote-verifier.ts";
import type { RecoverySession } from "./recovery-session.ts";
import type { Sealed } from "./sealed.ts";
import { createSharedCertificates } from "./shared-certificates.ts";
import { createStateVault, type StateVault } from "./state-vault.ts";
import type { SealPolicy } from "./store/sealing.ts";
import type { StateStore } from "./store/state-store.ts";
import { createUpdates } from "./updates.ts";

/** What {@link openCoordinator} needs. */
export interface CoordinatorDeps extends OpenStateDeps {
  /** Closed with the Coordinator. */
  readonly store: StateStore;
  readonly tee: Pick<Tee, "getEvidence" | "getSealingKey">;
  /** Asks the other Coordinators of a shared state for its key; undefined where none has it. */
  readonly requestSharedKey?: SharedKeyRequest;
  readonly quotes: QuoteVerifier;
  /** Activates Marbles that send no quote. */
  readonly acceptUnattested: boolean;
  /** Goes on without an own quote when making one fails. */
  readonly tolerateQuoteFailure: boolean;
  /** The environment, for manifest rules that look at it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Asks for a shared key of a policy for which `opens` is true. */
export type SharedKeyRequest = (
  policy: SealPolicy,
  opens: (sharedKey: Uint8Array) => boolean,
) => Promise<Uint8Array | undefined>;

/** The key that a shared state is sealed under, and whom it may be given to. */
export interface SharedKey {
  readonly policy: SealPolicy;
  readonly key: Uint8Array;
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

/** Where one activation is logged and traced. */
export interface ActivationScope {
  readonly log: Log;
  readonly span: TraceSpan;
}

/** The control plane without its servers. Methods throw {@link CoordinatorError}. */
export interface Coordinator {
  status(): Status;
  /**
   * Resolves when everything here is as new as the last commit of any Coordinator on this store: first
   * step of every request. Throws `STORE_FAILED`, `STATE_ROLLED_BACK`, `STATE_TAMPERED`,
   * `KEY_UNAVAILABLE`.
   */
  refresh(): Promise<void>;
  /** The key to hand to other Coordinators. Throws `KEY_UNAVAILABLE`. */
  sharedKey(): SharedKey;
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
  /** Starts an update, or applies it where nobody else is needed (section 7). */
  updateManifest(user: MeshUser, manifest: Uint8Array): Promise<UpdateProgress>;
  /** Checks an update and says what it would do; nothing changes. */
  forecastUpdate(user: MeshUser, manifest: Uint8Array): Promise<UpdateForecast>;
  /** The update that waits for acknowledgements. Throws `NO_UPDATE`. */
  pendingUpdate(): PendingUpdate;
  /** Agrees to the pending update, which is applied when nobody is missing any more. */
  acknowledgeUpdate(user: MeshUser, manifest: Uint8Array): Promise<UpdateProgress>;
  cancelUpdate(user: MeshUser): Promise<void>;
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
  /** With `scope`, log lines and spans of this activation go there. */
  activate(request: ActivationRequest, scope?: ActivationScope): Promise<MarbleParameters>;
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
 * Loads the sealed state or makes a fresh authority, and quotes its root. Closes the store when it
 * fails. Throws `STATE_TAMPERED`, `STATE_ROLLED_BACK`, `QUOTE_FAILED`, and what the store throws.
 */
export async function openCoordinator(deps: CoordinatorDeps): Promise<Coordinator> {
  const vault = openVault(deps);
  try {
    return await openOver(vault, deps);
  } catch (error) {
    await vault.close();
    throw error;
  }
}

async function openOver(vault: StateVault, deps: CoordinatorDeps): Promise<Coordinator> {
  const { log, clock, tee, quotes } = deps;
  const opened = await openState(vault, deps);
  const listeners = new Set<() => void>();
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
  const followed = followStore({
    vault,
    store: deps.store,
    opened,
    log,
    prepare: async (before, after) => {
      if (equalBytes(before.authority.root.certificate, after.authority.root.certificate)) return;
      ownQuote = await quoteRoot(after);
    },
    onChange: (before, after) => {
      if (hasSameIdentity(before, after)) return;
      for (const listener of listeners) listener();
    },
  });
  const { commits } = followed;
  const mesh = () => commits.current().mesh;
  const refresh = async () => {
    if (vault.shared) await commits.refresh();
  };
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
    followed.endSession();
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
    const sealer = await vault.createSealer(recovered.dataKey, mode, recovered.hashes);
    vault.follow(recovered.number);
    await replaceState(before, { mesh: state, sealer });
    ownQuote = quote;
    log.info({ fingerprint: deployment.fingerprint }, "state recovered");
    return 0;
  };

  const sharedCertificates = createSharedCertificates({
    current: mesh,
    commit: async (change) =>
      await updateMesh((state) => ({ state: change(state), result: undefined })),
    context,
    log,
  });

  const updates = createUpdates({
    latest: async () => {
      await refresh();
      return mesh();
    },
    commit: async (planned, plan) =>
      await commitUpdate({ commits, createSealer: vault.createSealer }, planned, plan),
    context: () => ({ ...context(), environment: deps.environment }),
    log,
  });

  return {
    status: () => statusOf(mesh().phase),
    refresh,
    sharedKey: () => sharedKeyOf(vault.shared ? commits.current() : undefined),
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
      const sealer = await vault.createSealer(dataKey, setting.sealMode, secretHashes);
      await replaceState(before, { mesh: setting.state, sealer });
      for (const warning of setting.warnings) log.warn({ ...warning }, "manifest warning");
      const { fingerprint } = requireRunning(setting.state).deployment;
      log.info({ fingerprint, sealMode: setting.sealMode }, "manifest set");
      return encryptedSecrets;
    },
    deployment: () => mesh().deployment,
    updateLog: () => requireRunning(mesh()).updateLog,
    updateManifest: updates.start,
    forecastUpdate: updates.forecast,
    pendingUpdate: () => requirePendingUpdate(mesh()),
    acknowledgeUpdate: updates.acknowledge,
    cancelUpdate: updates.cancel,
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
    recoveryPublicKey: async () => await requireSession(mesh(), followed.session()).publicKey(),
    recover: async (secret, signature) => {
      const active = requireSession(mesh(), followed.session());
      // One after the other: each secret counts on those before it.
      const outcome = recovering.then(
        async () => await recoverWith(active, secret, signature),
        async () => await recoverWith(active, secret, signature),
      );
      recovering = outcome;
      return await outcome;
    },
    activate: async (request, scope = { log, span: UNTRACED }) => {
      const { marbleType } = request;
      const { step } = scope.span;
      await refresh();
      await sharedCertificates.keepFresh();
      const activation = await activateMarble(mesh(), request, {
        ...context(),
        verifyQuote: quotes.verify,
        acceptUnattested: deps.acceptUnattested,
        step,
      });
      if (activation.limited) {
        const counted = (state: MeshState) => ({
          state: countActivation(state, marbleType),
          result: undefined,
        });
        await step("commit", async () => await updateMesh(counted));
      }
      const { uuid, packageName, quote } = activation;
      const fields = { marbleType, uuid, package: packageName };
      if (quote === undefined) {
        scope.log.warn(
          { ...fields, code: "UNATTESTED_ACCEPTED" },
          "marble activated without attestation",
        );
      } else {
        const measured = { tcbStatus: quote.status, uniqueId: quote.identity.uniqueId };
        scope.log.info({ ...fields, ...measured }, "marble activated");
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
    close: async () => {
      await followed.close();
      await vault.close();
    },
  };
}

function openVault({ store, tee, log, clock, requestSharedKey }: CoordinatorDeps): StateVault {
  if (store.machines === undefined) {
    return createStateVault({ store, clock, keyring: createLocalKeyring(tee) });
  }
  const keyring = createSharedKeyring({ tee, machines: store.machines, log });
  return createStateVault({
    store,
    clock,
    keyring,
    requestKey: async (policy, opens) => {
      const key = await requestSharedKey?.(policy, opens);
      if (key !== undefined) await keyring.adopt(policy, key);
      return key !== undefined;
    },
  });
}

function hasSameIdentity({ authority: a }: MeshState, { authority: b }: MeshState): boolean {
  return (
    equalBytes(a.root.certificate, b.root.certificate) && equalBytes(a.marbleRoot, b.marbleRoot)
  );
}

function sharedKeyOf(state: Sealed | undefined): SharedKey {
  if (state?.sealer === undefined) {
    throw new CoordinatorError("KEY_UNAVAILABLE", "this coordinator has no key to share");
  }
  return { policy: state.sealer.slot.policy, key: state.sealer.wrappingKey };
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
