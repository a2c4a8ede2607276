import type { LogFields, PremainLog } from "../premain-log.ts";

/** A log that keeps its lines. */
export interface MemoryLog extends PremainLog {
  readonly lines: {
    readonly level: string;
    readonly message: string;
    readonly fields: LogFields;
  }[];
}

/** Makes a log for tests to look into. */
export function createMemoryLog(): MemoryLog {
  const lines: MemoryLog["lines"] = [];
  return {
    lines,
    info: (message, fields = {}) => void lines.push({ level: "info", message, fields }),
    warn: (message, fields = {}) => void lines.push({ level: "warn", message, fields }),
    failure: (code, message) => void lines.push({ level: "error", message, fields: { code } }),
  };
}
