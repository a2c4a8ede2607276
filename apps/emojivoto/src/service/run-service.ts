import type { Log } from "./log.ts";

/** Time to finish calls under way after a stop signal. */
export const DRAIN_MS = 10_000;

/** A started service. */
export interface RunningService {
  /** Stops accepting, waits up to `graceMs` for what is under way, then closes. May be called twice. */
  stop(graceMs: number): Promise<void>;
}

/** The part of `process` that a service needs to live and die. */
export interface ServiceProcess {
  on(signal: "SIGTERM" | "SIGINT" | "SIGQUIT", listener: () => void): unknown;
  exit(code: number): void;
}

/** Starts a service, exits 1 when that fails, and on the first stop signal drains and exits 0. */
export async function runService(
  start: () => Promise<RunningService>,
  { log, process }: { readonly log: Log; readonly process: ServiceProcess },
): Promise<void> {
  let running: RunningService;
  try {
    running = await start();
  } catch (error) {
    log.error(reasonOf(error), "service did not start");
    process.exit(1);
    return;
  }
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    log.info({}, "service stops");
    void running.stop(DRAIN_MS).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.on("SIGQUIT", stop);
}

function reasonOf(error: unknown): { readonly code?: string; readonly reason: string } {
  if (!(error instanceof Error)) return { reason: "unknown" };
  const coded = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  return { ...coded, reason: error.message };
}
