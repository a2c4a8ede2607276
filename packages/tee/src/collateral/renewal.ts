const DAY_MS = 86_400_000;
/** Shortest time between two renewals, however near the end is. */
const MIN_RENEWAL_MS = 60_000;

/**
 * When to ask for collateral anew that was got at `gotAt` and says that it is valid from `from` until
 * `until` (all in milliseconds since 1970): past half of that window or after 24 hours, whichever is
 * sooner (section 3.4). What comes in its second half already is renewed after half of the rest, since
 * the service may have nothing newer.
 */
export function renewalTime(gotAt: number, from: number, until: number): number {
  const half = from + (until - from) / 2;
  const next = half > gotAt ? half : gotAt + (until - gotAt) / 2;
  return Math.max(gotAt + MIN_RENEWAL_MS, Math.min(next, gotAt + DAY_MS));
}
