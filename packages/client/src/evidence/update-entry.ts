/** One line of the Coordinator's update log. Nobody has signed it: it is as good as who hands it over. */
export interface UpdateEntry {
  /** RFC 3339. */
  readonly time: string;
  /** The Coordinator's words. */
  readonly text: string;
  readonly user: string | undefined;
  readonly package: string | undefined;
  /** Security version that `package` was raised to. */
  readonly newVersion: number | undefined;
}

/** Lines that are read; an honest log has one a change. */
const MAX_ENTRIES = 1_000;
const MAX_CHARACTERS = 300;

/** Reads the newest lines of an update log, oldest first; a line that is no JSON object keeps its text alone. */
export function parseUpdateLog(lines: readonly string[]): readonly UpdateEntry[] {
  return lines.slice(-MAX_ENTRIES).map(entryOf);
}

function entryOf(line: string): UpdateEntry {
  const fields = parse(line);
  const version = fields["new version"];
  return {
    time: textOf(fields["time"]) ?? "",
    text: textOf(fields["update"]) ?? line.slice(0, MAX_CHARACTERS),
    user: textOf(fields["user"]),
    package: textOf(fields["package"]),
    newVersion: typeof version === "number" && Number.isSafeInteger(version) ? version : undefined,
  };
}

function parse(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, MAX_CHARACTERS) : undefined;
}
