import { execFileSync, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A witness in a process of its own. */
export interface KillableWitness {
  readonly url: string;
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Bundles the program into one file, which starts in some ten milliseconds. */
export function bundleWitnessProgram(dir: string): string {
  const source = fileURLToPath(new URL("./witness-program.ts", import.meta.url));
  const outFile = join(dir, "witness-program.mjs");
  const esbuild = createRequire(import.meta.url).resolve("esbuild/bin/esbuild");
  const options = ["--bundle", "--platform=node", "--format=esm", "--log-level=error"];
  const conditions = "--conditions=@carrara/source";
  execFileSync(
    process.execPath,
    [esbuild, source, ...options, conditions, `--outfile=${outFile}`],
    {
      stdio: "inherit",
    },
  );
  return outFile;
}

/** Starts the bundled program; rejects with what it said when it ends before it listens. */
export async function startKillableWitness(
  program: string,
  ...args: readonly string[]
): Promise<KillableWitness> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += String(chunk);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (line) => resolve(String(line).trim()));
    child.once("close", () => reject(new Error(`the witness ended: ${errors}`)));
  });
  return {
    url,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
