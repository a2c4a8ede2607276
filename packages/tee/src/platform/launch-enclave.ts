import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { TeeError } from "../error.ts";
import { isEnvAllowed, type LaunchSettings } from "../image/launch-settings.ts";
import type { NodeExecutable } from "../image/node-executable.ts";
import type { VerifiedImage } from "../image/verify-image.ts";
import type { Enclave, EnclaveExit, LaunchOptions } from "./enclave.ts";

const DEFAULT_GRACE_MS = 5000;
const MAX_ARGS = 256;
/** Longest value of one variable in characters: the limit of Linux is 128 KiB. */
const MAX_ENV_CHARS = 128 * 1024 - 1;

/**
 * Starts Node with exactly the measured bundle, handed over on stdin, so that nothing the process
 * runs comes from the disk. `answer` replies to its messages. Throws `LAUNCH_REFUSED`.
 */
export async function launchEnclave(
  { image, identity }: VerifiedImage,
  node: NodeExecutable,
  options: LaunchOptions,
  answer: (message: unknown) => Promise<object | undefined>,
): Promise<Enclave> {
  const { args = [], signal } = options;
  signal?.throwIfAborted();
  if (args.length > MAX_ARGS) throw refused(`${args.length} arguments, ${MAX_ARGS} allowed`);
  const env = enclaveEnvironment(image.settings, options.env ?? {});
  const argv = [...image.settings.execArgv, "--input-type=module", "-", ...args];
  const child = spawn(node.path, argv, {
    env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ["pipe", "pipe", "pipe", "ipc"],
  });
  const exited = exitOf(child);
  listen(child, options, answer);
  // A child that dies early breaks the pipe; how it ended says more than EPIPE.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(image.bundle);
  await spawned(child);
  const enclave = enclaveOf(child, identity, exited);
  const onAbort = (): void => void enclave.stop();
  signal?.addEventListener("abort", onAbort, { once: true });
  void exited.then((exit) => {
    signal?.removeEventListener("abort", onAbort);
    options.onExit?.(exit);
  });
  return enclave;
}

/** Exactly the variables of an enclave: allowed ones of the host, then the image's, then ours. */
export function enclaveEnvironment(
  settings: LaunchSettings,
  host: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const nodeOptions = host["NODE_OPTIONS"];
  if (nodeOptions !== undefined && nodeOptions !== "") {
    throw refused("NODE_OPTIONS is set, which could load code that nobody measured");
  }
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(host)) {
    if (value === undefined || !isEnvAllowed(settings, name)) continue;
    if (value.length > MAX_ENV_CHARS || value.includes("\0")) {
      throw refused(`variable ${name} is too long or has a zero byte`);
    }
    env[name] = value;
  }
  return { ...env, ...settings.env, CARRARA_TEE: "simulation" };
}

function listen(
  child: ChildProcess,
  { onOutput }: LaunchOptions,
  answer: (message: unknown) => Promise<object | undefined>,
): void {
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (chunk: Uint8Array) => onOutput?.(stream, chunk));
  }
  const respond = async (message: unknown): Promise<void> => {
    const reply = await answer(message);
    // The callback takes the error of a child that is gone already.
    if (reply !== undefined && child.connected) child.send(reply, () => undefined);
  };
  child.on("message", (message) => void respond(message));
}

async function exitOf(child: ChildProcess): Promise<EnclaveExit> {
  return await new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

async function spawned(child: ChildProcess): Promise<void> {
  try {
    await once(child, "spawn");
  } catch (cause) {
    throw new TeeError("LAUNCH_REFUSED", "node executable cannot be started", { cause });
  }
}

function enclaveOf(
  child: ChildProcess,
  identity: VerifiedImage["identity"],
  exited: Promise<EnclaveExit>,
): Enclave {
  return {
    pid: child.pid ?? 0,
    identity,
    exited,
    kill(signal) {
      child.kill(signal);
    },
    async stop({ graceMs = DEFAULT_GRACE_MS } = {}) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function refused(message: string): TeeError {
  return new TeeError("LAUNCH_REFUSED", message);
}
