import type { DatedPart, PlatformScenario } from "../platform/scenario.ts";

const DAY_MS = 86_400_000;

/** This many days after `now`, or before it. */
export function inDays(now: Date, days: number): Date {
  return new Date(now.getTime() + days * DAY_MS);
}

/** A platform for which `part` was issued this many days from now. */
export function dated(part: DatedPart, days: number): (now: Date) => Partial<PlatformScenario> {
  return (now) => ({ issuedAt: { [part]: inDays(now, days) } });
}
