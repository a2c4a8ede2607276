import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WitnessError } from "./witness-error.ts";

/** Held while a witness works on a directory. */
export interface StateLock {
  /** May be called twice. */
  release(): Promise<void>;
}

/**
 * Takes the lock of `dir`: two witnesses over one state would each remember another tree. A lock whose
 * process is gone is taken over. Throws `WITNESS_STATE_LOCKED`.
 */
export async function lockState(dir: string): Promise<StateLock> {
  const path = join(dir, "lock");
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${process.pid} ${await startOf(process.pid)} ${randomUUID()}\n`, {
    mode: 0o600,
  });
  try {
    // A hard link appears with its content at once, and fails where the name is taken.
    if (await isLinked(draft, path)) return lockOf(path);
    await removeStale(path);
    if (await isLinked(draft, path)) return lockOf(path);
    throw locked();
  } finally {
    await rm(draft, { force: true });
  }
}

function lockOf(path: string): StateLock {
  let held = true;
  return {
    async release() {
      if (held) await rm(path, { force: true });
      held = false;
    },
  };
}

async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw cause;
  }
}

async function removeStale(path: string): Promise<void> {
  const seen = await readFile(path, "utf8").catch(() => "");
  const [pid = "", start = ""] = seen.trim().split(" ");
  if (pid === "" || (isRunning(Number(pid)) && (await startOf(Number(pid))) === start)) {
    throw locked();
  }
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => seen);
  // Somebody else was faster, and this is theirs: give it back.
  if (moved === seen) await rm(aside, { force: true });
  else await rename(aside, path);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

/** Ticks since boot when `pid` started, so that a pid that is used again holds nothing; `0` if unknown. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // A program's name may have spaces and ends with the last parenthesis; the start is field 22.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0";
}

function locked(): WitnessError {
  return new WitnessError("WITNESS_STATE_LOCKED", "another witness works on this directory");
}
