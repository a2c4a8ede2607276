import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Readable } from "node:stream";

/** Lines of a dead child's log that are shown. */
const TAIL_LINES = 15;

/** Characters kept for that; longer lines are cut from the front. */
const TAIL_CHARACTERS = 8000;

/** A child's output, kept in a file. */
export interface ChildLog {
  readonly path: string;
  /** The last lines. */
  tail(): string;
}

/** Appends what the child writes to the file `path`, mode 0600. */
export function keepLog(path: string, streams: readonly (Readable | null)[]): ChildLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const file = createWriteStream(path, { flags: "a", mode: 0o600 });
  // A full disk must not take the mesh down with it.
  file.on("error", () => undefined);
  let end = "";
  for (const stream of streams) {
    stream?.on("data", (chunk: Buffer | string) => {
      file.write(chunk);
      end = (end + chunk.toString()).slice(-TAIL_CHARACTERS);
    });
  }
  return {
    path,
    tail: () => end.trimEnd().split("\n").slice(-TAIL_LINES).join("\n"),
  };
}
