import { InvalidArgumentError } from "commander";

const RFC3339 = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

/** The time of an option: RFC 3339, or seconds since 1970. Throws commander's error for what is none. */
export function timeOf(text: string): Date {
  if (/^\d{1,11}$/.test(text)) return new Date(1000 * Number(text));
  const day = RFC3339.exec(text)?.[1];
  const [date, midnight] = [new Date(text.toUpperCase()), new Date(`${day}T00:00:00Z`)];
  const isDate =
    day !== undefined && ![date, midnight].some((time) => Number.isNaN(time.getTime()));
  // A day that does not exist would roll over into the next month.
  if (isDate && midnight.toISOString().startsWith(day)) return date;
  throw new InvalidArgumentError("a time is 2025-07-04T10:28:44Z or seconds since 1970");
}
