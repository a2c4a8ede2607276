import type { ActivationScope } from "./coordinator.ts";
import {
  type ActivationContext,
  type ActivationRequest,
  activateMarble,
  countActivation,
} from "./core/activate.ts";
import type { MarbleParameters } from "./core/marble-parameters.ts";
import type { MeshState } from "./core/state.ts";
import type { Log } from "./log.ts";
import { UNTRACED } from "./observe/tracing.ts";

/** What {@link createActivations} needs. */
export interface ActivationsDeps {
  /** The newest state, in which no shared certificate has ended. */
  readonly latest: () => Promise<MeshState>;
  /** Resolves when the state that `change` makes of the newest one is durable. */
  readonly commit: (change: (state: MeshState) => MeshState) => Promise<void>;
  readonly context: () => Omit<ActivationContext, "step">;
  readonly log: Log;
}

/** Activates a Marble; one whose type the manifest limits is counted before the reply leaves. */
export type Activate = (
  request: ActivationRequest,
  scope?: ActivationScope,
) => Promise<MarbleParameters>;

/** Activations that are decided on the newest state, counted, and told to the log. */
export function createActivations({ latest, commit, context, log }: ActivationsDeps): Activate {
  return async (request, scope = { log, span: UNTRACED }) => {
    const { marbleType } = request;
    const { step } = scope.span;
    const activation = await activateMarble(await latest(), request, { ...context(), step });
    if (activation.limited) {
      await step("commit", async () => {
        await commit((state) => countActivation(state, marbleType));
      });
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
  };
}
