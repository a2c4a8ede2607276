import { type Client, type ClientConfig, createClient } from "@carrara/postgres";
import { CHANNEL } from "./schema.ts";

/** Milliseconds until a lost connection is made again, doubled with each failure up to the last. */
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 10_000;

/**
 * Calls back when a commit of `mesh` is announced, and whenever announcements may have been missed:
 * after each connection that had to be made. Returns how to stop.
 */
export function listenForChanges(
  settings: ClientConfig,
  mesh: string,
  onChange: () => void,
): () => Promise<void> {
  const stopped = new AbortController();
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = FIRST_PAUSE_MS;

  const connect = async () => {
    // Who listens waits for longer than a statement may take.
    const { statement_timeout: _, query_timeout: __, ...patient } = settings;
    const fresh = createClient(patient);
    client = fresh;
    fresh.on("error", () => void fresh.end().catch(() => undefined));
    fresh.on("end", () => reconnect(fresh));
    fresh.on("notification", ({ payload }) => {
      if (payload === mesh) onChange();
    });
    try {
      await fresh.connect();
      await fresh.query(`LISTEN ${CHANNEL}`);
      pauseMs = FIRST_PAUSE_MS;
      onChange();
    } catch {
      reconnect(fresh);
      await fresh.end().catch(() => undefined);
    }
  };
  const reconnect = (lost: Client) => {
    if (stopped.signal.aborted || lost !== client) return;
    client = undefined;
    timer = setTimeout(() => void connect(), pauseMs);
    timer.unref();
    pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
  };

  const connecting = connect();
  return async () => {
    stopped.abort();
    clearTimeout(timer);
    await connecting;
    await client?.end().catch(() => undefined);
  };
}
