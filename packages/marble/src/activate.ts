import { type ActivationAttempt, type ActivationCall, callActivate } from "./activation-call.ts";
import { MarbleError } from "./error.ts";
import type { Parameters } from "./gen/rpc/coordinator_pb.ts";

/** Waits between attempts: doubled from the first to the longest, each times 0.5 … 1. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** What {@link activate} needs of the world. */
export interface Activation extends Omit<ActivationCall, "deadline"> {
  /** All attempts and waits together, in milliseconds. */
  readonly timeoutMs: number;
  readonly now: () => number;
  /** Ends after `ms`, or rejects when `signal` is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onRetry: (reason: string, waitMs: number) => void;
  readonly call?: (call: ActivationCall) => Promise<ActivationAttempt>;
}

/**
 * Activates a marble and answers what the Coordinator gives it. Tries again, with growing and
 * jittered waits, while the Coordinator is not reachable or not ready (`UNAVAILABLE`,
 * `FAILED_PRECONDITION`); every other refusal is final. Upstream does not retry; its restarts come
 * from Kubernetes. Throws `ACTIVATION_REFUSED`, `ACTIVATION_TIMEOUT`, `ACTIVATION_ABORTED`.
 */
export async function activate(activation: Activation): Promise<Parameters> {
  const { timeoutMs, now, sleep, random, onRetry, call = callActivate, signal } = activation;
  const end = now() + timeoutMs;
  const deadline = new Date(Date.now() + timeoutMs);
  for (let attempt = 0; ; attempt += 1) {
    const result = await call({ ...activation, deadline });
    if (result.kind === "accepted") return result.parameters;
    const waitMs = Math.round(backoffMs(attempt) * (0.5 + random() / 2));
    if (now() + waitMs >= end) {
      throw new MarbleError(
        "ACTIVATION_TIMEOUT",
        `not activated within ${timeoutMs} ms after ${attempt + 1} attempts, last: ${result.reason}`,
      );
    }
    onRetry(result.reason, waitMs);
    await sleep(waitMs, signal);
  }
}

function backoffMs(attempt: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempt, 10), LONGEST_WAIT_MS);
}
