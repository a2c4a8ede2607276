import { randomBytes } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import { authorityNames, createAuthority } from "../core/authority.ts";
import type { MeshUser } from "../core/deployment.ts";
import { setManifest } from "../core/set-manifest.ts";
import { freshState, type MeshState, type RunningState, requireRunning } from "../core/state.ts";
import { applyPlan, type UpdateContext, type UpdatePlan } from "../core/update-plan.ts";

/** When everything in these states happens. */
export const TEST_NOW: Date = new Date("2026-08-03T09:15:00.123Z");

/** Real randomness at {@link TEST_NOW}. */
export const TEST_CONTEXT: UpdateContext = {
  now: TEST_NOW,
  randomBytes: (length) => new Uint8Array(randomBytes(length)),
  environment: {},
};

/** UTF-8 of the JSON of a manifest: package `p` in debug mode and Marble `m`, with sections replaced or added. */
export function stateManifest(sections: object = {}): Uint8Array {
  const common = { Packages: { p: { Debug: true, SecurityVersion: 3 } } };
  return utf8(JSON.stringify({ ...common, Marbles: { m: { Package: "p" } }, ...sections }));
}

/** A state, without servers or store, in which a manifest with these sections was set. */
export async function runningState(sections: object = {}): Promise<RunningState> {
  const authority = await createAuthority(authorityNames(["localhost"], ["10.0.0.7"]), TEST_NOW);
  const fresh = freshState("accepting-manifest", authority, TEST_CONTEXT.randomBytes(32));
  const { state } = await setManifest(fresh, stateManifest(sections), TEST_CONTEXT);
  return requireRunning(state);
}

/** The state with a plan of it in force; a plan that does not fit is a broken test. */
export function afterPlan(state: MeshState, plan: UpdatePlan): RunningState {
  const after = applyPlan(state, plan, state);
  if (after === undefined) throw new TypeError("the plan was made from another state");
  return requireRunning(after);
}

/** A user of the state's manifest. */
export function userOf(state: RunningState, name: string): MeshUser {
  const user = state.deployment.users.find((each) => each.name === name);
  if (user === undefined) throw new TypeError(`no user ${name}`);
  return user;
}
