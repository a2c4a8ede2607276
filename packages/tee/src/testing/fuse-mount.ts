import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, rmdir, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { EmulatedKernel } from "./emulated-kernel.ts";
import { answerFuse, type FuseQuestion } from "./fuse-answers.ts";

const RELAY = fileURLToPath(new URL("fuse-relay.mjs", import.meta.url));
/** How mounts of this kind are named in /proc/mounts, the process id of the owner behind it. */
const MOUNT_NAME = "carrara-emulation-";
const MOUNT_TIMEOUT_MS = 10_000;
const run = promisify(execFile);

/** Layer 2 of the emulation (attestation specification section 7.5). */
export interface FuseMount {
  /** The directory that stands for `/`. */
  readonly root: string;
  /** Unmounts, ends the server and removes the directory; may be called twice. */
  close(): Promise<void>;
}

/**
 * Mounts an emulated kernel, so that `node:fs`, descriptors and errno are real. The files are for
 * asynchronous calls only: this process itself answers them. Unlike in configfs, no directory may be
 * removed through the mount while a file in it is open: the library crashes. Gives the reason, as text, where FUSE
 * cannot be used. Mounts that a killed process left behind are removed first: those whose `owner`, a process id, does not run.
 */
export async function mountFuse(
  kernel: EmulatedKernel,
  owner: number = process.pid,
): Promise<FuseMount | string> {
  await removeStaleMounts();
  const work = await mkdtemp(join(tmpdir(), "carrara-fuse-"));
  const root = await mkdtemp(join(tmpdir(), "carrara-mount-"));
  const child = await startRelay(work, root, owner);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    closed ??= unmount(child, work, root);
    await closed;
  };
  const failure = await serve(child, kernel);
  if (failure === undefined) return { root, close };
  await close();
  return failure;
}

/** The bundled library is not named as its users know it; a link with that name helps. */
async function startRelay(work: string, root: string, owner: number): Promise<ChildProcess> {
  const packageFile = createRequire(import.meta.url).resolve("fuse-native/package.json");
  const library = join(dirname(packageFile), "prebuilds", "linux-x64", "libfuse.so");
  await symlink(library, join(work, "libfuse.so.2"));
  return fork(RELAY, [root, `${MOUNT_NAME}${owner}`], {
    env: { LD_LIBRARY_PATH: work, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    execArgv: [],
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}

/** Answers the relay; the reason when there is no mount. */
async function serve(child: ChildProcess, kernel: EmulatedKernel): Promise<string | undefined> {
  const answer = answerFuse(kernel);
  return await new Promise((resolve) => {
    const timer = setTimeout(() => resolve("fuse did not mount in time"), MOUNT_TIMEOUT_MS);
    const settle = (reason: string | undefined): void => {
      clearTimeout(timer);
      resolve(reason);
    };
    child.on("message", (message: FuseQuestion | { mounted: true } | { failed: string }) => {
      if ("mounted" in message) settle(undefined);
      else if ("failed" in message) settle(`fuse does not mount: ${message.failed}`);
      else if (child.connected) child.send(answer(message), () => undefined);
    });
    child.once("error", (error) => settle(`the fuse server does not start: ${error.message}`));
    child.once("exit", (code) => settle(`the fuse server ended with ${String(code)}`));
  });
}

async function unmount(child: ChildProcess, work: string, root: string): Promise<void> {
  // Lazily, so that no forgotten descriptor keeps the mount; it fails when there is none.
  await run("umount", ["-l", root]).catch(() => undefined);
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  await rmdir(root).catch(() => undefined);
  await rm(work, { recursive: true });
}

async function removeStaleMounts(): Promise<void> {
  const mounts = await readFile("/proc/mounts", "utf8").catch(() => "");
  for (const line of mounts.split("\n")) {
    const [name = "", root = ""] = line.split(" ");
    if (!name.startsWith(MOUNT_NAME) || isRunning(Number(name.slice(MOUNT_NAME.length)))) continue;
    await run("umount", ["-l", root]).catch(() => undefined);
    await rmdir(root).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
