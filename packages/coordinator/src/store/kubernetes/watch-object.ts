import { CoordinatorError } from "../../error.ts";
import { storeError } from "../store-error.ts";
import type { KubernetesClient } from "./kubernetes-client.ts";
import {
  METADATA_LIST_ONLY,
  readWatchEvent,
  refusalOf,
  resourceVersionOf,
} from "./kubernetes-object.ts";

/** Seconds after which the server ends a watch; it is opened again at once. */
const WATCH_SECONDS = 300;
/** Milliseconds until a watch that failed is opened again, doubled with each failure up to the last. */
const FIRST_PAUSE_MS = 200;
const LAST_PAUSE_MS = 10_000;
const GONE = 410;

/**
 * Calls back when the object `name` of `collection` changes, and whenever events may have been missed:
 * a version that the server has forgotten (410 Gone) means to start over. Bookmarks keep the version
 * young. Returns how to stop.
 */
export function watchObject(
  client: KubernetesClient,
  collection: string,
  name: string,
  onChange: () => void,
): () => Promise<void> {
  const stopped = new AbortController();
  const { signal } = stopped;
  const selector = `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;

  const newest = async (): Promise<string> => {
    const path = `${collection}?${selector}&limit=1`;
    const { status, body } = await client.call({ method: "GET", path, accept: METADATA_LIST_ONLY });
    if (status !== 200) throw storeError(`kubernetes refuses the list: ${refusalOf(body)}`);
    return resourceVersionOf(body);
  };
  /** Follows from `version` until the stream ends; resolves to where to go on, if anywhere. */
  const follow = async (version: string): Promise<string | undefined> => {
    let last: string | undefined = version;
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}`;
    const path = `${collection}?${selector}&${query}&resourceVersion=${encodeURIComponent(version)}`;
    const onEvent = (event: unknown) => {
      const { type, object } = readWatchEvent(event);
      last = type === "ERROR" ? undefined : resourceVersionOf(object);
      if (type !== "BOOKMARK") onChange();
    };
    const status = await client.stream(path, onEvent, signal);
    if (status === GONE) return undefined;
    if (status !== 200) throw storeError(`kubernetes refuses the watch with status ${status}`);
    return last;
  };
  const run = async () => {
    let version: string | undefined;
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        if (version === undefined) {
          version = await newest();
          onChange();
        }
        version = await follow(version);
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (!(error instanceof CoordinatorError)) throw error;
        // Whatever it was, events may be missing.
        version = undefined;
        await pause(pauseMs, signal);
        pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
      }
    }
  };

  const running = run();
  return async () => {
    stopped.abort();
    await running;
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
