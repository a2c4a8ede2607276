import { spawn } from "node:child_process";
import { access } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { ImageError } from "./error.ts";

const COMMAND_TIMEOUT_MS = 180_000;
/** How much of a failed command's output is shown, in characters. */
const SHOWN_OUTPUT = 2000;

/**
 * Runs a program of `node_modules/.bin` at or above `cwd`, without a shell, with NODE_ENV set to
 * `production` whatever the caller's is. Throws `ASSETS_COMMAND_FAILED` with the end of its output.
 */
export async function runCommand(
  [name = "", ...args]: readonly string[],
  cwd: string,
  signal?: AbortSignal,
): Promise<void> {
  const program = await findProgram(name, cwd);
  const child = spawn(program, args, {
    cwd,
    env: buildEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: COMMAND_TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-SHOWN_OUTPUT);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).catch((cause: unknown) => {
    throw new ImageError("ASSETS_COMMAND_FAILED", `${name} could not be run`, { cause });
  });
  if (code === 0) return;
  throw new ImageError(
    "ASSETS_COMMAND_FAILED",
    `${name} ended with ${code ?? "a signal"}:\n${output}`,
  );
}

async function findProgram(name: string, start: string): Promise<string> {
  for (let dir = start; ; dir = dirname(dir)) {
    const program = join(dir, "node_modules", ".bin", name);
    try {
      await access(program);
      return program;
    } catch {
      if (dirname(dir) === dir) break;
    }
  }
  throw new ImageError("ASSETS_COMMAND_FAILED", `${name} is not in node_modules/.bin`);
}

/** Nothing of the caller's environment but where programs are: the same build for everyone. */
function buildEnvironment(): NodeJS.ProcessEnv {
  // Scripts of .bin start with `env node`: the node that runs this process must be the first found.
  const path = [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
  return { PATH: path, NODE_ENV: "production", NO_COLOR: "1" };
}
