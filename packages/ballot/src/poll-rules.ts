import type { DocumentReader } from "./json-document.ts";

const REVOTES = ["unlimited", "last", "once"] as const;
const INTERIM_RESULTS = ["shown", "hidden"] as const;
const UTC_TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z$/;

/** What counts when somebody votes again: each ballot id, a pseudonym's latest ballot, or its first only. */
export type RevoteRule = (typeof REVOTES)[number];

/** Whether results can be seen before the poll closes. */
export type InterimResults = (typeof INTERIM_RESULTS)[number];

/** When a poll is open and what counts. */
export interface PollRules {
  /** Undefined: from the start. */
  readonly opens: Date | undefined;
  /** Undefined: never. */
  readonly closes: Date | undefined;
  readonly revote: RevoteRule;
  readonly interimResults: InterimResults;
}

/** Names of the members of rules in JSON. */
export const RULE_MEMBERS = ["opens", "closes", "revote", "interimResults"] as const;

/** Reads rules; a poll does not close before it opens. Throws the document's code. */
export function readRules(rules: DocumentReader): PollRules {
  const opens = readTime(rules, "opens");
  const closes = readTime(rules, "closes");
  if (opens !== undefined && closes !== undefined && closes <= opens) {
    throw rules.fail("the poll closes before it opens");
  }
  return {
    opens,
    closes,
    revote: rules.oneOf("revote", REVOTES),
    interimResults: rules.oneOf("interimResults", INTERIM_RESULTS),
  };
}

/** Rules as they stand in JSON. */
export function rulesToJson(rules: PollRules): Readonly<Record<string, string | null>> {
  return {
    opens: rules.opens === undefined ? null : encodeTime(rules.opens),
    closes: rules.closes === undefined ? null : encodeTime(rules.closes),
    revote: rules.revote,
    interimResults: rules.interimResults,
  };
}

/** A time of RFC 3339 in UTC, milliseconds only where there are some; undefined for any other text. */
export function parseUtcTime(text: string): Date | undefined {
  const date = new Date(UTC_TIME.test(text) ? text : Number.NaN);
  // The round trip refuses 31 February and hour 24.
  return Number.isNaN(date.getTime()) || encodeTime(date) !== text ? undefined : date;
}

function encodeTime(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}

function readTime(rules: DocumentReader, member: string): Date | undefined {
  const text = rules.stringOrNull(member);
  if (text === undefined) return undefined;
  const time = parseUtcTime(text);
  if (time === undefined) throw rules.fail(`${member} is no time in UTC`);
  return time;
}
