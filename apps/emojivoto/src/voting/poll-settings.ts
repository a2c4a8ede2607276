import { isPollName, type PollRules, parseUtcTime } from "@carrara/ballot";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Environment } from "../service/settings.ts";

/** What the manifest says about the poll. */
export interface PollSettings {
  readonly poll: string;
  readonly rules: PollRules;
  /** Whether the original's 100 RPCs by name are served: their paths tell a choice to whoever sees frames' lengths. */
  readonly compatibilityRpcs: boolean;
}

/** Where a poll stands at a moment. */
export type PollState = "not-open" | "open" | "closed";

const REVOTES = ["unlimited", "last", "once"] as const;
const INTERIM = ["shown", "hidden"] as const;
const SWITCH = ["off", "on"] as const;

/** Reads the poll's settings; what is left out is the first of its values. Throws `SETTING_INVALID`. */
export function pollSettingsOf(env: Environment): PollSettings {
  const { POLL_ID: poll = "emojivoto" } = env;
  if (!isPollName(poll)) throw invalid("POLL_ID needs 1 to 64 characters of a-z 0-9 . -");
  const opens = timeOf(env, "POLL_OPENS");
  const closes = timeOf(env, "POLL_CLOSES");
  if (opens !== undefined && closes !== undefined && closes <= opens) {
    throw invalid("POLL_CLOSES must be later than POLL_OPENS");
  }
  const rules = {
    opens,
    closes,
    revote: oneOf(env, "POLL_REVOTE", REVOTES),
    interimResults: oneOf(env, "POLL_INTERIM_RESULTS", INTERIM),
  };
  return { poll, rules, compatibilityRpcs: oneOf(env, "COMPATIBILITY_RPCS", SWITCH) === "on" };
}

/** Where a poll with `rules` stands at `now`. */
export function pollStateAt({ opens, closes }: PollRules, now: Date): PollState {
  if (opens !== undefined && now < opens) return "not-open";
  return closes !== undefined && now >= closes ? "closed" : "open";
}

function timeOf(env: Environment, name: string): Date | undefined {
  const text = env[name] ?? "";
  if (text === "") return undefined;
  const time = parseUtcTime(text);
  if (time === undefined) throw invalid(`${name} needs the form 2027-01-31T12:00:00Z`);
  return time;
}

function oneOf<Value extends string>(
  env: Environment,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const text = env[name] ?? "";
  const value = text === "" ? values[0] : values.find((known) => known === text);
  if (value === undefined) throw invalid(`${name} must be one of ${values.join(", ")}`);
  return value;
}

function invalid(what: string): EmojivotoError {
  return new EmojivotoError("SETTING_INVALID", what);
}
