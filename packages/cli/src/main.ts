import { fileURLToPath } from "node:url";
import type { CliEnvironment } from "./cli-io.ts";
import { run } from "./run.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop.abort());
// A reader that has seen enough, as in `carrara … | head`, is no failure.
process.stdout.on("error", () => stop.abort());

const env: CliEnvironment & { readonly NO_COLOR?: string; readonly CI?: string } = process.env;

process.exitCode = await run(process.argv.slice(2), {
  stdout: (content) => void process.stdout.write(content),
  stderr: (content) => void process.stderr.write(content),
  env,
  cwd: process.cwd(),
  interactive: process.stderr.isTTY && !env.NO_COLOR && !env.CI,
  signal: stop.signal,
  // Both src/main.ts and dist/carrara.js lie three levels below the repository.
  repository: fileURLToPath(new URL("../../..", import.meta.url)),
});
