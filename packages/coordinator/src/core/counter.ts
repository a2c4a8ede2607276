import { fromHex, toBase64, utf8 } from "@carrara/encoding";
import { hasFeatureGate } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { type MeshState, requireRunning } from "./state.ts";

/** Who owns a counter: a Marble by its certificate. */
export interface CounterOwner {
  readonly marbleType: string;
  /** Lower-case canonical form. */
  readonly uuid: string;
}

/** The identity of a counter (section 2.9): type, UUID bytes and name, each in base64. */
export function counterIdentity({ marbleType, uuid }: CounterOwner, name: string): string {
  const parts = [utf8(marbleType), fromHex(uuid.replaceAll("-", "")), utf8(name)];
  return parts.map(toBase64).join(":");
}

/** Throws `FEATURE_DISABLED` unless the manifest in force turns counters on. */
export function requireCounters(state: MeshState): void {
  const { deployment } = state;
  if (deployment === undefined || !hasFeatureGate(deployment.manifest, "MonotonicCounter")) {
    throw new CoordinatorError(
      "FEATURE_DISABLED",
      "the MonotonicCounter feature is not enabled in the manifest",
    );
  }
}

/**
 * Raises a counter to `value` if that is more than it has; `previous` is what it had, 0 if new.
 * Throws `FEATURE_DISABLED`, `STATE_WRONG`.
 */
export function advanceCounter(
  before: MeshState,
  owner: CounterOwner,
  name: string,
  value: bigint,
): { state: MeshState; previous: bigint } {
  requireCounters(before);
  const state = requireRunning(before);
  const id = counterIdentity(owner, name);
  const previous = state.counters.get(id) ?? 0n;
  if (value <= previous) return { state: before, previous };
  return { state: { ...state, counters: new Map(state.counters).set(id, value) }, previous };
}
