import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CliError } from "../cli-error.ts";

/** Held while a mesh runs on a state directory. */
export interface StateLock {
  /** Lets the next mesh in; may be called twice. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a state directory, which it creates with mode 0700. A lock whose process is
 * gone is taken over. Throws `STATE_LOCKED` while another mesh runs there.
 */
export async function lockStateDir(stateDir: string): Promise<StateLock> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const path = join(stateDir, "lock");
  const own = `${path}.${process.pid}.${crypto.randomUUID()}`;
  const content = `${process.pid} ${await startTimeOf(process.pid)}\n`;
  await writeFile(own, content, { mode: 0o600 });
  try {
    // A hard link appears with its content at once and fails when the name is taken.
    if (!(await tryLink(own, path))) {
      await removeStale(path, stateDir);
      if (!(await tryLink(own, path))) throw locked(stateDir);
    }
  } finally {
    await rm(own, { force: true });
  }
  let held = true;
  return {
    release: async () => {
      if (held) await rm(path, { force: true });
      held = false;
    },
  };
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw cause;
  }
}

async function removeStale(path: string, stateDir: string): Promise<void> {
  const seen = await readFile(path, "utf8").catch(() => "");
  const [pid = 0, startTime = 0] = seen.trim().split(" ").map(Number);
  if (pid > 0 && isRunning(pid) && (await startTimeOf(pid)) === startTime) throw locked(stateDir);
  const aside = `${path}.stale.${crypto.randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => seen);
  // Somebody else took the stale lock over first, and this is theirs: give it back.
  if (moved !== seen) await rename(aside, path);
  await rm(aside, { force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

/** Clock ticks since boot when `pid` started, so that a reused pid holds no lock; 0 where unknown. */
async function startTimeOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The program's name may hold spaces and ends with the last parenthesis; start time is field 22.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[19] ?? 0);
}

function locked(stateDir: string): CliError {
  return new CliError(
    "STATE_LOCKED",
    `another mesh runs on ${stateDir}; stop it first, or choose another directory with --state-dir`,
  );
}
