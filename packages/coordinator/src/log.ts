import { type DestinationStream, type Logger, pino } from "pino";
import type { LogLevel } from "./config.ts";

/** One log method: fields first, then a constant message. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Where events go; pino's loggers fit. Fields never hold secret values. */
export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

/** What {@link createJsonLog} needs. */
export interface JsonLogDeps {
  /** Takes whole lines, each with its newline. */
  readonly destination: DestinationStream;
  readonly level: LogLevel;
  /** Lines for people, instead of JSON. */
  readonly readable: boolean;
}

/**
 * The log of spec marblerun section 12: a JSON object a line, with `level` as a word, `ts` in unix
 * seconds with a fraction, the fields, and `msg`.
 */
export function createJsonLog({ destination, level, readable }: JsonLogDeps): Logger {
  const people = { write: (line: string) => destination.write(formatLogLine(line)) };
  return pino(
    {
      level,
      // Neither process id nor host name: of an enclave they say nothing.
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"ts":${Date.now() / 1000}`,
    },
    readable ? people : destination,
  );
}

/** A log that adds `fields` to each of its lines. */
export function withFields(log: Log, fields: Readonly<Record<string, unknown>>): Log {
  const method =
    (level: keyof Log): LogMethod =>
    (more, message) =>
      log[level]({ ...fields, ...more }, message);
  return {
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
  };
}

/** One JSON log line as people read it: time, level, message, then the fields. */
export function formatLogLine(line: string): string {
  const { level, ts, msg, ...fields } = JSON.parse(line);
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const clock = new Date(ts * 1000).toISOString().slice(11, 23);
  return `${clock} ${String(level).toUpperCase()} ${msg}${shown.join("")}\n`;
}
