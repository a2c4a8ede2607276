/** Renewal comes after this part of what a certificate has left when it is received. */
const RENEWED_AFTER = 2 / 3;
/** A shared certificate does not change by asking: each wait is shorter, none is shorter than this. */
const SHORTEST_WAIT_MS = 1_000;
/** Waits after failures and after strangers: doubled from the first to the longest. */
const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 3_600_000;

/**
 * Milliseconds from `now` until the first of certificates that end at `validUntil` is to be renewed:
 * before two thirds of its life, jittered by `random` in [0, 1). Expired ones do not count: they were
 * just received. Infinity when none is left.
 */
export function renewalWaitMs(
  validUntil: readonly number[],
  { now, random }: { readonly now: number; readonly random: number },
): number {
  const left = validUntil.map((end) => end - now).filter((ms) => ms > 0);
  if (left.length === 0) return Number.POSITIVE_INFINITY;
  const waitMs = Math.min(...left) * RENEWED_AFTER * (0.9 + random / 10);
  return Math.max(waitMs, SHORTEST_WAIT_MS);
}

/** Milliseconds to wait after `count` (from 1) fruitless renewals in a row, jittered by 0.5 … 1. */
export function retryWaitMs(count: number, random: number): number {
  const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(count - 1, 10), LONGEST_RETRY_MS);
  return waitMs * (0.5 + random / 2);
}
