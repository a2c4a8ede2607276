import { createWriteStream, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Lines of a dead child's log that are shown. */
const TAIL_LINES = 15;

/** Characters kept for that; longer lines are cut from the front. */
const TAIL_CHARACTERS = 8000;

/** Size in bytes above which a log begins anew at the next start. */
const MAX_OLD_LOG_BYTES = 8 * 1024 * 1024;

/** A child's output, kept in a file. */
export interface ChildLog {
  readonly path: string;
  write(chunk: Uint8Array): void;
  /** The last lines. */
  tail(): string;
  close(): void;
}

/** Opens the log file `path`, mode 0600, and goes on at its end. */
export function openChildLog(path: string): ChildLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const file = createWriteStream(path, {
    flags: size > MAX_OLD_LOG_BYTES ? "w" : "a",
    mode: 0o600,
  });
  // A full disk must not take the mesh down with it.
  file.on("error", () => undefined);
  const decoder = new TextDecoder();
  let end = "";
  return {
    path,
    write: (chunk) => {
      file.write(chunk);
      end = (end + decoder.decode(chunk, { stream: true })).slice(-TAIL_CHARACTERS);
    },
    tail: () => end.trimEnd().split("\n").slice(-TAIL_LINES).join("\n"),
    close: () => file.end(),
  };
}
