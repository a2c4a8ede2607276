import { authenticateUser } from "./core/authenticate.ts";
import type { MeshUser } from "./core/deployment.ts";
import { planAcknowledgment, planCancellation } from "./core/full-update.ts";
import { forecastUpdate, planUpdate, type UpdateForecast } from "./core/plan-update.ts";
import { type MeshState, requireRunning } from "./core/state.ts";
import type { UpdateContext, UpdatePlan, UpdateProgress } from "./core/update-plan.ts";
import { CoordinatorError, reasonOf } from "./error.ts";
import type { Log } from "./log.ts";

/** Plans that may be overtaken by uploads of secrets or other Coordinators before a caller is told. */
const MAX_ATTEMPTS = 16;

/** What {@link createUpdates} needs. */
export interface UpdatesDeps {
  /** The newest state. */
  readonly latest: () => Promise<MeshState>;
  /**
   * Puts a plan in force that was made from `planned`; resolves once that is durable. False, and
   * nothing has changed, when the state is no longer what the plan rests on.
   */
  readonly commit: (planned: MeshState, plan: UpdatePlan) => Promise<boolean>;
  readonly context: () => UpdateContext;
  readonly log: Log;
}

/** Operations on updates (section 7); each is in force as a whole or not at all. */
export interface Updates {
  start(user: MeshUser, manifest: Uint8Array): Promise<UpdateProgress>;
  forecast(user: MeshUser, manifest: Uint8Array): Promise<UpdateForecast>;
  acknowledge(user: MeshUser, manifest: Uint8Array): Promise<UpdateProgress>;
  cancel(user: MeshUser): Promise<void>;
}

/** Runs updates one after the other: each is planned from what those before it have left. */
export function createUpdates({ latest, commit, context, log }: UpdatesDeps): Updates {
  let last: Promise<unknown> = Promise.resolve();

  const attempt = async (make: (state: MeshState) => Promise<UpdatePlan>): Promise<UpdatePlan> => {
    for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts += 1) {
      const planned = await latest();
      const plan = await make(planned);
      if (await commit(planned, plan)) return plan;
    }
    throw new CoordinatorError(
      "STATE_CONFLICT",
      `the state changed ${MAX_ATTEMPTS} times while the update was made: try again`,
    );
  };

  const inTurn = async (
    what: string,
    user: MeshUser,
    make: (state: MeshState) => Promise<UpdatePlan>,
  ): Promise<UpdateProgress> => {
    const run = async () => await attempt(make);
    const turn = last.then(run, run);
    last = turn;
    const plan = await turn;
    report(log, what, user, plan);
    if (plan.failure !== undefined) throw plan.failure.cause;
    return plan.progress;
  };

  return {
    start: async (user, manifest) =>
      await inTurn(
        "update started",
        user,
        async (state) => await planUpdate(state, user, manifest, context()),
      ),
    forecast: async (user, manifest) =>
      await forecastUpdate(await latest(), user, manifest, context()),
    acknowledge: async (user, manifest) =>
      await inTurn("update acknowledged", user, async (state) => {
        const known = authenticateUser(state, user.certificate);
        return await planAcknowledgment(requireRunning(state), known, manifest, context());
      }),
    cancel: async (user) => {
      await inTurn("update cancelled", user, async (state) => {
        const known = authenticateUser(state, user.certificate);
        return planCancellation(requireRunning(state), known, context());
      });
    },
  };
}

function report(log: Log, what: string, { name }: MeshUser, plan: UpdatePlan): void {
  const { missingAcknowledgments } = plan.progress;
  log.info({ user: name, missingAcknowledgments }, what);
  for (const warning of plan.warnings) log.warn({ ...warning }, "manifest warning");
  const { deployment } = plan.changes;
  if (deployment !== undefined) {
    log.info({ user: name, fingerprint: deployment.fingerprint }, "update in force");
  }
  if (plan.failure !== undefined) {
    const code = reasonOf(plan.failure.cause);
    log.error({ user: name, code }, "update cancelled because it cannot be applied");
  }
}
