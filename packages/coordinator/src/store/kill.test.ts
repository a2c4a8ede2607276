import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const KILLS = 40;
/** Milliseconds a child may commit before it is killed. */
const MAX_LIFE_MS = 40;
/** Milliseconds after which something hangs. */
const TEST_TIMEOUT_MS = 60_000;

let dir: string;
let program: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "carrara-kill-"));
  program = join(dir, "commit-loop.mjs");
  // One file that Node starts in tens of milliseconds: forty starts through a loader take a minute.
  const esbuild = createRequire(import.meta.url).resolve("esbuild/bin/esbuild");
  const source = fileURLToPath(new URL("../testing/commit-loop.ts", import.meta.url));
  execFileSync(
    process.execPath,
    [
      esbuild,
      source,
      "--bundle",
      "--platform=node",
      "--format=esm",
      "--conditions=@carrara/source",
      `--outfile=${program}`,
      "--log-level=error",
    ],
    { stdio: "inherit" },
  );
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Starts the program, kills it after `lifeMs` of work; returns what it said. */
async function runAndKill(lifeMs: number): Promise<{ found: number; committed: number }> {
  const child = spawn(process.execPath, [program, join(dir, "state")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    output += String(chunk);
  });
  child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), lifeMs));
  child.stderr.on("data", (chunk) => (errors += String(chunk)));
  const signal = await new Promise((resolve) => child.on("close", (_, name) => resolve(name)));
  expect(signal, errors).toBe("SIGKILL");
  const last = [...output.matchAll(/committed (\d+)\n/g)].at(-1)?.[1];
  const found = Number(/found (\d+)\n/.exec(output)?.[1]);
  return { found, committed: last === undefined ? found : Number(last) };
}

test(
  "a store killed at any moment opens to what was acknowledged, or the commit after it",
  async () => {
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { found, committed } = await runAndKill(Math.random() * MAX_LIFE_MS);
      expect(found).toBeGreaterThanOrEqual(acknowledged);
      expect(found).toBeLessThanOrEqual(acknowledged + 1);
      acknowledged = committed;
    }
    expect(acknowledged).toBeGreaterThan(KILLS / 2);
  },
  TEST_TIMEOUT_MS,
);
