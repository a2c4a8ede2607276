import { equalBytes } from "@carrara/encoding";
import type { ManifestWarning } from "@carrara/manifest";
import type { RecoveryMaterial } from "./recovery-secrets.ts";
import type { MeshState } from "./state.ts";
import { encodeState } from "./state-codec.ts";

/** What updates depend on and change; counters, activations and the log go on meanwhile. */
const PARTS: readonly UpdatePart[] = [
  "authority",
  "rootSecret",
  "previousRootSecret",
  "deployment",
  "pendingUpdate",
  "secrets",
  "previousSecrets",
];

type UpdatePart =
  | "authority"
  | "rootSecret"
  | "previousRootSecret"
  | "deployment"
  | "pendingUpdate"
  | "secrets"
  | "previousSecrets";

/** New values of some of the parts that an update may change. */
export type UpdateChanges = Partial<Pick<MeshState, UpdatePart>>;

/** How far an update has come. */
export interface UpdateProgress {
  readonly missingAcknowledgments: number;
  /** May be more than acknowledgements are missing; empty once the update is in force. */
  readonly missingUsers: readonly string[];
  /** Encrypted recovery secrets by key name, where they are new; for this caller only. */
  readonly recoverySecrets: ReadonlyMap<string, Uint8Array>;
}

/** What an operation on updates decides, made from one state and not yet in force. */
export interface UpdatePlan {
  readonly changes: UpdateChanges;
  /** New lines of the update log. */
  readonly lines: readonly string[];
  readonly progress: UpdateProgress;
  /** A new data key, where those who can recover the state change. */
  readonly recovery: RecoveryMaterial | undefined;
  readonly warnings: readonly ManifestWarning[];
  /** Why the update could not be applied: the caller gets it once the plan is stored. */
  readonly failure: { readonly cause: unknown } | undefined;
}

/** What operations on updates need beside the state. */
export interface UpdateContext {
  readonly now: Date;
  readonly randomBytes: (length: number) => Uint8Array;
  /** The Coordinator's environment, for manifest rules that look at it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Nothing is missing, nothing to hand out. */
export const APPLIED: UpdateProgress = {
  missingAcknowledgments: 0,
  missingUsers: [],
  recoverySecrets: new Map(),
};

/**
 * `current` with what was planned from `planned`, or undefined when something the plan rests on has
 * changed since: then it has to be made again.
 */
export function applyPlan(
  planned: MeshState,
  { changes, lines }: UpdatePlan,
  current: MeshState,
): MeshState | undefined {
  if (!hasSameParts(planned, current)) return undefined;
  return { ...current, ...changes, updateLog: [...current.updateLog, ...lines] };
}

/** By identity; where another Coordinator's commit was read meanwhile, by content. */
function hasSameParts(a: MeshState, b: MeshState): boolean {
  if (a.phase !== b.phase) return false;
  return PARTS.every((part) => a[part] === b[part]) || equalBytes(contentOf(a), contentOf(b));
}

function contentOf(state: MeshState): Uint8Array {
  return encodeState({ ...state, activations: new Map(), counters: new Map(), updateLog: [] });
}
