import { CoordinatorError } from "../error.ts";
import type { Authority } from "./authority.ts";
import type { Deployment } from "./deployment.ts";
import type { PendingUpdate } from "./pending-update.ts";
import type { Secret } from "./secret.ts";

/** Where the Coordinator is in its life; it only moves towards accepting Marbles (section 1.4). */
export type Phase = "recovery" | "accepting-manifest" | "accepting-marbles";

/** Everything the Coordinator knows and seals. A change is a new value. */
export interface MeshState {
  readonly phase: Phase;
  readonly authority: Authority;
  /** 32 random bytes that per-Marble keys derive from. */
  readonly rootSecret: Uint8Array;
  readonly previousRootSecret: Uint8Array | undefined;
  /** The manifest that was set, with what follows from it. */
  readonly deployment: Deployment | undefined;
  /** A full update that waits for acknowledgements. */
  readonly pendingUpdate: PendingUpdate | undefined;
  /** Values of shared and user-defined secrets. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly previousSecrets: ReadonlyMap<string, Secret>;
  /** Activations by Marble type, counted only where the manifest limits them. */
  readonly activations: ReadonlyMap<string, number>;
  /** Monotonic counters by identity (section 2.9). */
  readonly counters: ReadonlyMap<string, bigint>;
  /** JSON documents, oldest first. */
  readonly updateLog: readonly string[];
}

/** A state in which Marbles may be activated. */
export type RunningState = MeshState & { readonly deployment: Deployment };

/** Code and text of the status endpoints. */
export interface Status {
  readonly code: number;
  readonly message: string;
}

const STATUS: Readonly<Record<Phase, Status>> = {
  recovery: {
    code: 1,
    message:
      "Coordinator is in recovery mode. Either upload a key to unseal the saved state, or set a new manifest. For more information on how to proceed, consult the documentation.",
  },
  "accepting-manifest": { code: 2, message: "Coordinator is ready to accept a manifest." },
  "accepting-marbles": {
    code: 3,
    message: "Coordinator is running correctly and ready to accept marbles.",
  },
};

/** The status of a phase (section 1.4). */
export function statusOf(phase: Phase): Status {
  return STATUS[phase];
}

/** Throws `STATE_WRONG` with the text clients compare, unless the state is in one of `phases`. */
export function requirePhase(state: MeshState, ...phases: readonly Phase[]): void {
  if (!phases.includes(state.phase)) {
    throw new CoordinatorError("STATE_WRONG", "server is not in expected state");
  }
}

/** The state if it accepts Marbles. Throws `STATE_WRONG`. */
export function requireRunning(state: MeshState): RunningState {
  requirePhase(state, "accepting-marbles");
  const { deployment } = state;
  if (deployment === undefined) {
    throw new CoordinatorError("STATE_WRONG", "server is not in expected state");
  }
  return { ...state, deployment };
}

/** A state without manifest, as after the first start. */
export function freshState(phase: Phase, authority: Authority, rootSecret: Uint8Array): MeshState {
  return {
    phase,
    authority,
    rootSecret,
    previousRootSecret: undefined,
    deployment: undefined,
    pendingUpdate: undefined,
    secrets: new Map(),
    previousSecrets: new Map(),
    activations: new Map(),
    counters: new Map(),
    updateLog: [],
  };
}
