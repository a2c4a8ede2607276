import { sealModeOf } from "@carrara/manifest";
import { requireRecoverySignatures } from "./core/recovery.ts";
import { type MeshState, requirePhase, requireRunning } from "./core/state.ts";
import { decodeState } from "./core/state-codec.ts";
import { CoordinatorError } from "./error.ts";
import type { Log } from "./log.ts";
import type { RecoverySession } from "./recovery-session.ts";
import type { Sealed } from "./sealed.ts";
import type { StateVault } from "./state-vault.ts";

/** What {@link createRecoveries} needs. */
export interface RecoveriesDeps {
  readonly vault: Pick<StateVault, "createSealer" | "follow">;
  readonly current: () => MeshState;
  /** The attempt to unlock the sealed state, while it is locked. */
  readonly session: () => RecoverySession | undefined;
  /** Puts `next` in the place of `before`. Throws `STATE_WRONG` when somebody was faster. */
  readonly replace: (before: MeshState, next: Sealed) => Promise<void>;
  /** Makes what else the Coordinator needs of a state; the result puts it in force. */
  readonly prepare: (state: MeshState) => Promise<() => void>;
  readonly log: Log;
}

/** Recovery of a state whose key this machine cannot unseal (section 8.5). */
export interface Recoveries {
  /** SubjectPublicKeyInfo of the key recovery secrets may be encrypted to. */
  publicKey(): Promise<Uint8Array>;
  /** Takes one recovery secret; returns how many are missing, 0 when the state is restored. */
  recover(secret: Uint8Array, signature: Uint8Array): Promise<number>;
}

/** Takes recovery secrets one after the other: each counts on those before it. */
export function createRecoveries(deps: RecoveriesDeps): Recoveries {
  let last: Promise<unknown> = Promise.resolve();
  return {
    publicKey: async () => await requireSession(deps).publicKey(),
    recover: async (secret, signature) => {
      const active = requireSession(deps);
      const run = async () => await recoverWith(deps, active, { secret, signature });
      const outcome = last.then(run, run);
      last = outcome;
      return await outcome;
    },
  };
}

async function recoverWith(
  { vault, current, replace, prepare, log }: RecoveriesDeps,
  active: RecoverySession,
  submission: { readonly secret: Uint8Array; readonly signature: Uint8Array },
): Promise<number> {
  const before = current();
  requirePhase(before, "recovery");
  const { remaining, recovered } = await active.submit(submission);
  if (recovered === undefined) return remaining;
  const state = await decodeState(recovered.plain);
  const { deployment } = requireRunning(state);
  try {
    requireRecoverySignatures(deployment.manifest, recovered.given);
  } catch (error) {
    active.reset();
    throw error;
  }
  const putInForce = await prepare(state);
  const mode = sealModeOf(deployment.manifest);
  const sealer = await vault.createSealer(recovered.dataKey, mode, recovered.hashes);
  vault.follow(recovered.number);
  await replace(before, { mesh: state, sealer });
  putInForce();
  log.info({ fingerprint: deployment.fingerprint }, "state recovered");
  return 0;
}

function requireSession({ current, session }: RecoveriesDeps): RecoverySession {
  requirePhase(current(), "recovery");
  const active = session();
  if (active === undefined) {
    throw new CoordinatorError("STATE_WRONG", "server is not in expected state");
  }
  return active;
}
