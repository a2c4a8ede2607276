import { setTimeout as sleep } from "node:timers/promises";
import { CliError } from "../cli-error.ts";

/** Pause between two looks in ms: short against what a start takes, cheap against what a look costs. */
const INTERVAL_MS = 25;

/**
 * Asks `probe` until it gives a value. Throws `MESH_NOT_READY` after `timeoutMs`, what `failure`
 * resolves with, the signal's reason, or what `probe` throws.
 */
export async function waitUntil<T>(options: {
  /** For the error: `the Coordinator to answer`. */
  readonly what: string;
  readonly probe: () => Promise<T | undefined>;
  readonly failure: Promise<Error>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}): Promise<T> {
  const { failure, probe, signal, timeoutMs, what } = options;
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    const found = await Promise.race([probe(), failure]);
    if (found instanceof Error) throw found;
    if (found !== undefined) return found;
    await sleep(INTERVAL_MS, undefined, { signal });
  }
  throw new CliError("MESH_NOT_READY", `waited ${timeoutMs} ms for ${what}`);
}
