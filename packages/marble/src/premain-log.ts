/** Facts that go with a log line; never secrets. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/** Where the runtime says what it does: a constant message and its facts. */
export interface PremainLog {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** A failure as `error CODE: message`. */
  failure(code: string, message: string): void;
}

/** Longest text of one field in a line, in characters: peers choose some of these texts. */
const MAX_FIELD_CHARACTERS = 512;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** `text` of a peer on one line and of bounded length, so that it cannot forge a log line. */
export function oneLine(text: string): string {
  return text.replace(CONTROL_CHARACTERS, " ").slice(0, MAX_FIELD_CHARACTERS);
}

/** Writes lines prefixed `[PreMain] `, or JSON lines (spec marblerun sections 10.1 and 10.2). */
export function createPremainLog(options: {
  readonly format: "text" | "json";
  readonly write: (line: string) => void;
  readonly now: () => Date;
}): PremainLog {
  const line = options.format === "json" ? jsonLine(options.now) : textLine;
  const put = (level: Level, message: string, fields: LogFields): void =>
    options.write(`${line(level, message, fields)}\n`);
  return {
    info: (message, fields = {}) => put("info", message, fields),
    warn: (message, fields = {}) => put("warn", message, fields),
    failure(code, message) {
      if (options.format === "json") put("error", oneLine(message), { code });
      else put("error", `${code}: ${oneLine(message)}`, {});
    },
  };
}

type Level = "info" | "warn" | "error";

function textLine(level: Level, message: string, fields: LogFields): string {
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${fact(value)}`);
  return `[PreMain] ${level === "info" ? "" : `${level} `}${message}${facts.join("")}`;
}

function fact(value: LogFields[string]): string {
  if (typeof value !== "string") return String(value);
  const text = oneLine(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function jsonLine(now: () => Date) {
  return (level: Level, message: string, fields: LogFields): string =>
    JSON.stringify({
      level,
      ts: now().getTime() / 1000,
      logger: "PreMain",
      msg: message,
      ...fields,
    });
}
