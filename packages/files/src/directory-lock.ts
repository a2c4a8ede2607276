import { randomBytes, randomInt } from "node:crypto";
import { link, open, readdir, rename, rm } from "node:fs/promises";
import type { Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { closeServer, isListening, listenAt, listenForInode } from "./lock-socket.ts";
import { isSystemError } from "./system-error.ts";

const RETRY_MS = 50;
const NAME = /^lock\.([0-9]{1,12})$/;
/** Longest path of a socket in bytes, less than any system's limit (Linux has 107, macOS 103). */
const MAX_SOCKET_PATH_BYTES = 100;
/** What systems say of a file system that keeps no sockets or no second names. */
const NOT_KEPT = ["EPERM", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "ENOENT"];

/** Lets the next process in; may be called twice. */
export type Unlock = () => Promise<void>;

/**
 * Keeps a directory for this process until the returned function runs or the process ends, however it
 * ends. Waits up to `waitMs` for one that is ending; undefined where another process keeps it.
 *
 * On Linux the lock is an abstract socket named after the directory's inode: nothing in the directory, which
 * people copy, shows it, and it is seen within one network namespace. Elsewhere it is
 * {@link lockSharedDirectory}'s.
 */
export async function lockDirectory(directory: string, waitMs = 0): Promise<Unlock | undefined> {
  const tryOnce = process.platform === "linux" ? lockByInode : lockBySocket;
  return await keepTrying(directory, waitMs, tryOnce);
}

/**
 * The same for a directory that several containers may have on a shared volume, and that nobody copies.
 *
 * The lock is a socket `lock.N` in it that somebody listens on, which the kernel closes: it names no
 * process id that means another process in another container, and a killed process leaves a name that answers
 * no more. Everybody shows a listening socket first and looks for others then, so of two at a time one
 * at least sees the other, and who sees another goes. It holds wherever one kernel runs both.
 */
export async function lockSharedDirectory(
  directory: string,
  waitMs = 0,
): Promise<Unlock | undefined> {
  return await keepTrying(directory, waitMs, lockBySocket);
}

async function keepTrying(
  directory: string,
  waitMs: number,
  tryOnce: (directory: string) => Promise<Unlock | undefined>,
): Promise<Unlock | undefined> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const unlock = await tryOnce(directory);
    if (unlock !== undefined || waitedMs >= waitMs) return unlock;
    await sleep(RETRY_MS);
  }
}

async function lockBySocket(directory: string): Promise<Unlock | undefined> {
  const handle = await open(directory, "r");
  try {
    const paths = { directory, short: shortPath(directory, handle.fd) };
    const others = await namesIn(directory);
    if (await isAnyAlive(paths, others)) return undefined;
    const next = Math.max(0, ...others.map((name) => Number(NAME.exec(name)?.[1]))) + 1;
    return await publish(paths, `lock.${next}`);
  } finally {
    await handle.close();
  }
}

interface Paths {
  readonly directory: string;
  /** The same directory by a name that a socket's path has room for. */
  readonly short: string;
}

function shortPath(directory: string, descriptor: number): string {
  if (Buffer.byteLength(join(directory, draftName())) <= MAX_SOCKET_PATH_BYTES) return directory;
  return process.platform === "linux" ? `/proc/self/fd/${descriptor}` : directory;
}

function draftName(): string {
  return `lock-${randomBytes(6).toString("hex")}`;
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => NAME.test(name));
}

async function isAnyAlive({ short }: Paths, names: readonly string[]): Promise<boolean> {
  const alive = await Promise.all(names.map(async (name) => await isListening(join(short, name))));
  return alive.includes(true);
}

/** Listens, shows it as `name` or another one, and keeps it where nobody else shows one. */
async function publish(paths: Paths, name: string): Promise<Unlock | undefined> {
  const draft = draftName();
  let server: Server | undefined;
  let shown: string | undefined;
  try {
    server = await listenAt(join(paths.short, draft));
    shown = await show(paths.directory, draft, name);
  } catch (cause) {
    if (server !== undefined) await closeServer(server);
    if (process.platform !== "linux" || !isNotKept(cause)) throw cause;
    return await lockByInode(paths.directory);
  } finally {
    await rm(join(paths.directory, draft), { force: true });
  }
  if (server === undefined) return undefined;
  if (shown !== undefined) return await keepIfAlone(paths, server, shown);
  await closeServer(server);
  return undefined;
}

/** A name has a socket that listens already; undefined where somebody was faster. */
async function show(directory: string, draft: string, name: string): Promise<string | undefined> {
  try {
    await link(join(directory, draft), join(directory, name));
    return name;
  } catch (cause) {
    if (isSystemError(cause, "EEXIST")) return undefined;
    if (!isNotKept(cause)) throw cause;
  }
  // Where files have one name each: two that begin at once see each other, and both go.
  const other = `lock.${randomInt(1_000_000, 1_000_000_000)}`;
  await rename(join(directory, draft), join(directory, other));
  return other;
}

async function keepIfAlone(
  paths: Paths,
  server: Server,
  name: string,
): Promise<Unlock | undefined> {
  const unlock = unlocking(server, join(paths.directory, name));
  const others = (await namesIn(paths.directory)).filter((other) => other !== name);
  if (await isAnyAlive(paths, others)) {
    await unlock();
    return undefined;
  }
  for (const other of others) await rm(join(paths.directory, other), { force: true });
  return unlock;
}

async function lockByInode(directory: string): Promise<Unlock | undefined> {
  const server = await listenForInode(directory);
  return server === undefined ? undefined : unlocking(server, undefined);
}

function isNotKept(cause: unknown): boolean {
  return isSystemError(cause, ...NOT_KEPT);
}

function unlocking(server: Server, path: string | undefined): Unlock {
  let unlocked: Promise<void> | undefined;
  return async () => {
    unlocked ??= (async () => {
      if (path !== undefined) await rm(path, { force: true });
      await closeServer(server);
    })();
    await unlocked;
  };
}
