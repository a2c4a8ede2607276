import type { MeshState } from "./core/state.ts";
import type { Sealer } from "./sealer.ts";

/** The state with what seals it; undefined keeps it in memory only. */
export interface Sealed {
  readonly mesh: MeshState;
  readonly sealer: Sealer | undefined;
}
