/** Whether the Coordinator can do its work, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  /** The number of section 1.4. */
  readonly state: number;
  readonly store: "reachable" | "unreachable";
}

/** What {@link createReadinessProbe} asks. */
export interface ReadinessDeps {
  /** The number of section 1.4; 0 while the state is being loaded. */
  readonly state: () => number;
  /** Asks the store for something; the result does not matter. */
  readonly probeStore: () => Promise<unknown>;
  /** Override for tests, in milliseconds. */
  readonly storeTimeoutMs?: number;
}

/** States in which manifests or Marbles are accepted (section 1.4). */
const ACCEPTING: ReadonlySet<number> = new Set([2, 3]);
/** Milliseconds that the store may take: probes of Kubernetes give up after some seconds. */
const STORE_TIMEOUT_MS = 2000;
/** Milliseconds that one reading of the store serves, so that probes cannot load it. */
const STORE_FRESH_MS = 1000;

/**
 * A probe that is ready while manifests or marbles are accepted and the store answers. In recovery
 * mode it is not: nothing can be activated until a key is uploaded.
 */
export function createReadinessProbe(deps: ReadinessDeps): () => Promise<Readiness> {
  const timeoutMs = deps.storeTimeoutMs ?? STORE_TIMEOUT_MS;
  let latest: { readonly at: number; readonly answer: Promise<boolean> } | undefined;
  const storeAnswers = async (): Promise<boolean> => {
    const at = performance.now();
    if (latest === undefined || at - latest.at > STORE_FRESH_MS) {
      latest = { at, answer: settlesWell(deps.probeStore, timeoutMs) };
    }
    return await latest.answer;
  };
  return async () => {
    const store = (await storeAnswers()) ? "reachable" : "unreachable";
    const state = deps.state();
    return { ready: ACCEPTING.has(state) && store === "reachable", state, store };
  };
}

async function settlesWell(run: () => Promise<unknown>, timeoutMs: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    run()
      .then(
        () => resolve(true),
        () => resolve(false),
      )
      .finally(() => clearTimeout(timer));
  });
}
