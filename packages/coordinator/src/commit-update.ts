import { type SealMode, sealModeOf } from "@carrara/manifest";
import type { CommitQueue } from "./commit-queue.ts";
import type { RecoveryHashes } from "./core/recovery.ts";
import type { MeshState } from "./core/state.ts";
import { applyPlan, type UpdatePlan } from "./core/update-plan.ts";
import type { Sealed } from "./sealed.ts";
import { parseRecoveryHashes, type Sealer } from "./sealer.ts";

/** What {@link commitUpdate} works on. */
export interface CommitUpdateDeps {
  readonly commits: Pick<CommitQueue<Sealed>, "apply" | "current">;
  readonly createSealer: (
    dataKey: Uint8Array,
    mode: SealMode,
    hashes: RecoveryHashes,
  ) => Promise<Sealer | undefined>;
}

/**
 * Commits a plan made from `planned` together with the key the new state is sealed under. False when
 * the newest state is another than the plan rests on: nothing has changed then.
 */
export async function commitUpdate(
  { commits, createSealer }: CommitUpdateDeps,
  planned: MeshState,
  plan: UpdatePlan,
): Promise<boolean> {
  const before = commits.current().sealer;
  const resealed = await resealedBy(createSealer, before, planned, plan);
  return await commits.apply((current) => {
    const mesh = applyPlan(planned, plan, current.mesh);
    return mesh === undefined
      ? { state: current, result: false }
      : { state: { ...current, mesh, ...resealed }, result: true };
  });
}

/**
 * A sealer of a new data key, or of the same under another mode. To `Disabled` a state goes with a
 * new data key only (section 7.3): until then the update itself stays durable.
 */
async function resealedBy(
  createSealer: CommitUpdateDeps["createSealer"],
  sealer: Sealer | undefined,
  before: MeshState,
  { changes, recovery }: UpdatePlan,
): Promise<Pick<Sealed, "sealer"> | undefined> {
  if (changes.deployment === undefined || before.deployment === undefined) return undefined;
  const mode = sealModeOf(changes.deployment.manifest);
  if (recovery !== undefined) {
    return { sealer: await createSealer(recovery.dataKey, mode, recovery.secretHashes) };
  }
  const stays = mode === "Disabled" || mode === sealModeOf(before.deployment.manifest);
  if (stays || sealer === undefined) return undefined;
  const hashes = parseRecoveryHashes(sealer.recoveryData);
  return { sealer: await createSealer(sealer.slot.dataKey, mode, hashes) };
}
