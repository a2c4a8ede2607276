import { reasonOf } from "../error.ts";
import type { StateStore } from "../store/state-store.ts";
import type { Metrics } from "./metrics.ts";

/** `store` with the time and outcome of each commit in `metrics`. */
export function measuredStore(store: StateStore, metrics: Pick<Metrics, "committed">): StateStore {
  return {
    ...store,
    commit: async (...change) => {
      const start = performance.now();
      const seconds = () => (performance.now() - start) / 1000;
      try {
        const version = await store.commit(...change);
        metrics.committed("saved", seconds());
        return version;
      } catch (error) {
        metrics.committed(reasonOf(error) === "STATE_CONFLICT" ? "conflict" : "failed", seconds());
        throw error;
      }
    },
  };
}
