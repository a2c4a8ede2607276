/** One log method: fields first, then a constant message. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Where events go; pino's loggers fit. Fields never hold secret values. */
export interface Log {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}
