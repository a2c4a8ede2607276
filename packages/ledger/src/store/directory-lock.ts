import { stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { LedgerError } from "../error.ts";

/** Milliseconds to wait for a process that is ending: its last group and its head. */
const DEFAULT_WAIT_MS = 5_000;
const RETRY_MS = 50;

/**
 * Keeps a directory for this process until the returned function runs or the process ends, however it
 * ends: an abstract socket named for the directory's inode, which the kernel frees. It is seen within
 * one network namespace, and on Linux alone. Throws `LEDGER_LOCKED`.
 */
export async function lockDirectory(
  path: string,
  waitMs: number = DEFAULT_WAIT_MS,
): Promise<() => Promise<void>> {
  if (process.platform !== "linux") return async () => undefined;
  const { dev, ino } = await stat(path);
  const name = `\0carrara-ledger-${dev}-${ino}`;
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const server = await tryListen(name);
    if (server !== undefined) {
      return async () => await new Promise((resolve) => void server.close(() => resolve()));
    }
    if (waitedMs >= waitMs) {
      throw new LedgerError("LEDGER_LOCKED", "another process uses the ledger's directory");
    }
    await sleep(RETRY_MS);
  }
}

async function tryListen(name: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return await new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    // Exclusive: a worker of a cluster would share the name with its siblings.
    server.listen({ path: name, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}
