import { dueCertificates, hasEnded, renewCertificates } from "./core/due-certificates.ts";
import type { SecretContext } from "./core/secret.ts";
import type { MeshState, RunningState } from "./core/state.ts";
import { CoordinatorError } from "./error.ts";
import type { Log } from "./log.ts";

/** Keeps the certificates that all marbles of a mesh share from ending. */
export interface SharedCertificates {
  /**
   * Resolves when none is used that should be renewed. Where renewing fails, the old ones go on as
   * long as they last; then it throws what the store throws.
   */
  keepFresh(): Promise<void>;
}

/** What {@link createSharedCertificates} works on. */
export interface SharedCertificateDeps {
  readonly current: () => MeshState;
  /** Resolves when the state that `change` makes of the newest one is durable. */
  readonly commit: (change: (state: MeshState) => MeshState) => Promise<void>;
  readonly context: () => Omit<SecretContext, "authority">;
  readonly log: Log;
}

/** Renews on demand rather than by a timer: who asks for a certificate is who needs it. */
export function createSharedCertificates(deps: SharedCertificateDeps): SharedCertificates {
  let running: Promise<void> | undefined;
  const renewDue = async (state: RunningState): Promise<void> => {
    const context = { ...deps.context(), authority: state.authority };
    const due = dueCertificates(state, context.now);
    const secrets = due.map(({ name }) => name);
    try {
      await deps.commit(await renewCertificates(due, context));
      deps.log.info({ secrets }, "shared certificates renewed");
    } catch (error) {
      const useless = due.some((each) => hasEnded(each, context.now));
      if (!(error instanceof CoordinatorError) || useless) throw error;
      deps.log.warn({ code: error.code, secrets }, "shared certificates not renewed");
    }
  };
  return {
    keepFresh: async () => {
      const { deployment, ...state } = deps.current();
      if (state.phase !== "accepting-marbles" || deployment === undefined) return;
      const before = { ...state, deployment };
      if (dueCertificates(before, deps.context().now).length === 0) return;
      running ??= renewDue(before).finally(() => {
        running = undefined;
      });
      await running;
    },
  };
}
