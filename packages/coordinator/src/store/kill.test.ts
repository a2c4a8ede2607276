import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAndKill } from "@carrara/ledger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleTestProgram } from "../testing/bundle-test-program.ts";
import { findPostgres, startPostgres } from "../testing/postgres-server.ts";

/** Milliseconds a child may commit before it is killed. */
const MAX_LIFE_MS = 40;
/** Milliseconds after which something hangs. */
const TEST_TIMEOUT_MS = 60_000;

let dir: string;
let program: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "carrara-kill-"));
  program = join(dir, "commit-loop.mjs");
  bundleTestProgram("commit-loop", program);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Kills the program `kills` times over the store at `place`. */
async function killRepeatedly(place: string, kills: number): Promise<void> {
  let acknowledged = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const moment = { after: "first output", ms: Math.random() * MAX_LIFE_MS } as const;
    const output = await runAndKill([program, place], moment);
    const found = Number(/found (\d+)\n/.exec(output)?.[1]);
    expect(found).toBeGreaterThanOrEqual(acknowledged);
    expect(found).toBeLessThanOrEqual(acknowledged + 1);
    acknowledged = Number([...output.matchAll(/committed (\d+)\n/g)].at(-1)?.[1] ?? found);
  }
  expect(acknowledged).toBeGreaterThan(kills / 2);
}

test(
  "a directory killed at any moment opens to what was acknowledged, or the commit after it",
  async () => await killRepeatedly(join(dir, "state"), 15),
  TEST_TIMEOUT_MS,
);

const postgres = findPostgres(process.env);
test.skipIf(postgres === undefined)(
  "so does a row in PostgreSQL",
  async () => {
    const server = await startPostgres(postgres ?? "");
    try {
      await killRepeatedly(server.url, 8);
    } finally {
      await server.close();
    }
  },
  TEST_TIMEOUT_MS,
);
