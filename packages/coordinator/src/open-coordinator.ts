import { endorsementsToText } from "@carrara/attestation";
import { equalBytes, utf8 } from "@carrara/encoding";
import { hasFeatureGate } from "@carrara/manifest";
import type { Tee } from "@carrara/tee";
import { createActivations } from "./activations.ts";
import { commitUpdate } from "./commit-update.ts";
import type { Coordinator, SharedKey, SharedKeyRequest } from "./coordinator.ts";
import { authenticateMarble, authenticateUser } from "./core/authenticate.ts";
import { advanceCounter, requireCounters } from "./core/counter.ts";
import { signSha256 } from "./core/elliptic-key.ts";
import { requirePendingUpdate } from "./core/pending-update.ts";
import { setManifest } from "./core/set-manifest.ts";
import { type MeshState, requireRunning, statusOf } from "./core/state.ts";
import { readSecrets, writeSecrets } from "./core/user-secrets.ts";
import { CoordinatorError, reasonOf } from "./error.ts";
import { followStore } from "./follow-store.ts";
import { createLocalKeyring } from "./keyring/keyring.ts";
import { createSharedKeyring } from "./keyring/shared-keyring.ts";
import { type OpenStateDeps, openState, randomBytesOf } from "./open-state.ts";
import { chainPem, makeQuote } from "./own-quote.ts";
import { asWireEvidence, type QuoteVerifier } from "./quote-verifier.ts";
import { createRecoveries } from "./recoveries.ts";
import type { Sealed } from "./sealed.ts";
import { createSharedCertificates } from "./shared-certificates.ts";
import { createStateVault, type StateVault } from "./state-vault.ts";
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

  const changeMesh = async (change: (state: MeshState) => MeshState) => {
    await updateMesh((state) => ({ state: change(state), result: undefined }));
  };

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

  const sharedCertificates = createSharedCertificates({
    current: mesh,
    commit: changeMesh,
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

  const recoveries = createRecoveries({
    vault,
    current: mesh,
    session: followed.session,
    replace: replaceState,
    prepare: async (state) => {
      const quote = await quoteRoot(state);
      return () => {
        ownQuote = quote;
      };
    },
    log,
  });

  const activate = createActivations({
    latest: async () => {
      await refresh();
      await sharedCertificates.keepFresh();
      return mesh();
    },
    commit: changeMesh,
    context: () => ({
      ...context(),
      verifyQuote: quotes.verify,
      acceptUnattested: deps.acceptUnattested,
    }),
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
      await changeMesh((state) => writeSecrets(state, user, uploads, clock()));
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
    recoveryPublicKey: recoveries.publicKey,
    recover: recoveries.recover,
    activate,
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
