import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import type { CliEnvironment } from "./cli-io.ts";
import { EXIT } from "./exit-code.ts";
import { run } from "./run.ts";

/** Longest orderly stop in ms: services take up to 12 s each, at once. */
const STOP_LIMIT_MS = 30_000;
/** Signals closer together than this are one wish: npm passes on what a terminal sends to both. */
const SAME_WISH_MS = 1_000;

const stop = new AbortController();
let askedAt: number | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, askToStop);

/** Stops in good order; who asks again, or waits too long, gets an end whatever is under way. */
function askToStop(): void {
  const now = performance.now();
  askedAt ??= now;
  if (now - askedAt > SAME_WISH_MS) process.exit(EXIT.failed);
  setTimeout(() => process.exit(EXIT.failed), STOP_LIMIT_MS).unref();
  stop.abort();
}

// A reader that has seen enough, as in `carrara … | head`, is no failure.
process.stdout.on("error", () => stop.abort());

const env: CliEnvironment & { readonly NO_COLOR?: string; readonly CI?: string } = process.env;

process.exitCode = await run(process.argv.slice(2), {
  stdout: (content) => void process.stdout.write(content),
  stderr: (content) => void process.stderr.write(content),
  stdin: () => process.stdin,
  env,
  cwd: process.cwd(),
  // Not isTTY, which is undefined on a pipe, and then colours would depend on the environment.
  interactive: isatty(2) && !env.NO_COLOR && !env.CI,
  color: isatty(1) && !env.NO_COLOR && !env.CI,
  signal: stop.signal,
  // Both src/main.ts and dist/carrara.js lie three levels below the repository.
  repository: fileURLToPath(new URL("../../..", import.meta.url)),
});
