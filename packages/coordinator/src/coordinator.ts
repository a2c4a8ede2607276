import type { KeyObject } from "node:crypto";
import type { AmdEndorsementsText, DcapCollateral } from "@carrara/attestation";
import type { UserSecret } from "@carrara/manifest";
import type { ActivationRequest } from "./core/activate.ts";
import type { CounterOwner } from "./core/counter.ts";
import type { Deployment, MeshUser } from "./core/deployment.ts";
import type { MarbleParameters } from "./core/marble-parameters.ts";
import type { PendingUpdate } from "./core/pending-update.ts";
import type { UpdateForecast } from "./core/plan-update.ts";
import type { Secret } from "./core/secret.ts";
import type { Status } from "./core/state.ts";
import type { UpdateProgress } from "./core/update-plan.ts";
import type { Log } from "./log.ts";
import type { TraceSpan } from "./observe/tracing.ts";
import type { SealPolicy } from "./store/sealing.ts";

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
