import { spawn } from "node:child_process";
import type { EnclaveExit, LaunchOptions, SimulatedPlatform } from "@carrara/tee";
import { CliError } from "../cli-error.ts";
import { type ChildLog, openChildLog } from "./child-log.ts";

/** A process of the mesh with its log. */
export interface RunningChild {
  readonly name: string;
  readonly pid: number;
  readonly log: ChildLog;
  readonly exited: Promise<EnclaveExit>;
  /** Asks it to end, ends it after its time of grace, and waits. May be called twice. */
  stop(): Promise<EnclaveExit>;
}

/** Time to drain requests after SIGTERM in ms: services take up to 10 s. */
const GRACE_MS = 12_000;

/** What to start in an enclave. */
export interface EnclaveStart {
  readonly name: string;
  /** A signed image. */
  readonly image: Uint8Array;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly logFile: string;
}

/** Starts an image on the platform; its output goes to a log. Throws the platform's codes. */
export async function startEnclave(
  platform: SimulatedPlatform,
  start: EnclaveStart,
): Promise<RunningChild> {
  const { name, image, env, cwd, logFile } = start;
  const log = openChildLog(logFile);
  const options: LaunchOptions = { env, cwd, onOutput: (_, chunk) => log.write(chunk) };
  const enclave = await platform.launch(image, options);
  const exited = enclave.exited.finally(() => log.close());
  return {
    name,
    pid: enclave.pid,
    log,
    exited,
    stop: async () => await enclave.stop({ graceMs: GRACE_MS }),
  };
}

/** Starts the Node program `file` outside every enclave, with `env` and nothing else. */
export function startProgram(start: {
  readonly name: string;
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}): RunningChild {
  const { name, file, env, logFile } = start;
  const log = openChildLog(logFile);
  const child = spawn(process.execPath, [file], {
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", log.write);
  child.stderr.on("data", log.write);
  const exited = new Promise<EnclaveExit>((resolve) => {
    child.once("error", () => resolve({ code: null, signal: null }));
    child.once("close", (code, signal) => resolve({ code, signal }));
  }).finally(() => log.close());
  return {
    name,
    pid: child.pid ?? 0,
    log,
    exited,
    stop: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      return await exited.finally(() => clearTimeout(timer));
    },
  };
}

/** `PROCESS_ENDED` with the end of the child's log. */
export function childFailure({ name, log }: RunningChild, exit: EnclaveExit): CliError {
  const how = exit.signal === null ? `with code ${exit.code ?? "unknown"}` : `by ${exit.signal}`;
  const tail = log.tail();
  const said = tail === "" ? "it wrote nothing" : `the last it wrote (${log.path}):\n${tail}`;
  return new CliError("PROCESS_ENDED", `${name} ended ${how}; ${said}`);
}
