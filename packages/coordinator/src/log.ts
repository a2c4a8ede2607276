/** One log method: fields first, then a constant message. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Where events go; pino's loggers fit. Fields never hold secret values. */
export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

/** Names of pino's numeric levels. */
const LEVEL_NAMES: ReadonlyMap<unknown, string> = new Map([
  [20, "DEBUG"],
  [30, "INFO"],
  [40, "WARN"],
  [50, "ERROR"],
  [60, "FATAL"],
]);

/** One JSON log line of pino as people read it: time, level, message, then the fields. */
export function formatLogLine(line: string): string {
  const { level, time, msg, pid: _pid, hostname: _hostname, ...fields } = JSON.parse(line);
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  const clock = new Date(time).toISOString().slice(11, 23);
  return `${clock} ${LEVEL_NAMES.get(level) ?? level} ${msg}${shown.join("")}\n`;
}
