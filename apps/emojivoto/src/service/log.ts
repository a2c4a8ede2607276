import { pino } from "pino";

/** Where services write events: a constant message and fields, one JSON object a line, never a vote. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Creates the log of one service on standard output. Levels are words, times are ISO 8601. */
export function createLog(service: string): Log {
  return pino({
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
