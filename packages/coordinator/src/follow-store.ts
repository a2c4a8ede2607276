import { equalBytes } from "@carrara/encoding";
import { type CommitQueue, createCommitQueue } from "./commit-queue.ts";
import type { MeshState } from "./core/state.ts";
import { reasonOf } from "./error.ts";
import type { Log } from "./log.ts";
import type { OpenedState } from "./open-state.ts";
import { createRecoverySession, type RecoverySession } from "./recovery-session.ts";
import type { Sealed } from "./sealed.ts";
import type { StateVault } from "./state-vault.ts";
import type { StateStore } from "./store/state-store.ts";

/** Milliseconds between attempts to get the key of a shared state (section 8.6). */
const KEY_POLL_MS = 30_000;

/** What {@link followStore} needs. */
export interface FollowStoreDeps {
  readonly vault: StateVault;
  readonly store: Pick<StateStore, "watch">;
  readonly opened: OpenedState;
  readonly log: Log;
  /** Called before a state that somebody else committed takes the place of the current one. */
  readonly prepare: (before: MeshState, after: MeshState) => Promise<void>;
  /** Called in the turn in which the current state changes. */
  readonly onChange: (before: MeshState, after: MeshState) => void;
  /** Override for tests. */
  readonly keyPollMs?: number;
}

/** The state of a Coordinator, kept up with what others commit. */
export interface FollowedState {
  readonly commits: CommitQueue<Sealed>;
  /** The attempt to unlock the sealed state, while it is locked. */
  session(): RecoverySession | undefined;
  /** Ends the attempt, once there is another state. */
  endSession(): void;
  /** Stops following, and resolves when all commits under way are done. */
  close(): Promise<void>;
}

/** Starts to follow a store from the state that was opened. */
export function followStore(deps: FollowStoreDeps): FollowedState {
  const { vault, opened, log } = deps;
  let session = opened.session;
  let lockedData = opened.lockedData;
  const load = async (current: Sealed, evenUnchanged: boolean): Promise<Sealed | undefined> => {
    if (!evenUnchanged && !(await vault.changed())) return undefined;
    const loaded = await vault.load();
    if (loaded.kind === "open") {
      await deps.prepare(current.mesh, loaded.mesh);
      session = undefined;
      log.debug({}, "newer state loaded");
      return { mesh: loaded.mesh, sealer: loaded.sealer };
    }
    if (loaded.kind === "locked" && !isSame(lockedData, loaded.data)) {
      lockedData = loaded.data;
      session = createRecoverySession(loaded);
    }
    return undefined;
  };
  const commits = createCommitQueue<Sealed>({
    initial: { mesh: opened.mesh, sealer: opened.sealer },
    save: async ({ mesh, sealer }) => await vault.save(mesh, sealer),
    load,
    onChange: (before, after) => deps.onChange(before.mesh, after.mesh),
  });
  const refresh = (evenUnchanged: boolean) => {
    commits.refresh(evenUnchanged).catch((error: unknown) => {
      log.warn({ code: reasonOf(error) }, "newer state cannot be loaded");
    });
  };
  const unwatch = vault.shared ? deps.store.watch(() => refresh(false)) : () => undefined;
  const poll = setInterval(() => {
    if (vault.shared && commits.current().mesh.phase === "recovery") refresh(true);
  }, deps.keyPollMs ?? KEY_POLL_MS);
  poll.unref();
  return {
    commits,
    session: () => session,
    endSession: () => {
      session = undefined;
    },
    close: async () => {
      clearInterval(poll);
      unwatch();
      await commits.drain();
    },
  };
}

function isSame(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && equalBytes(left, right);
}
