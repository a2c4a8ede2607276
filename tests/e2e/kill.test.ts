import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bundleTestProgram,
  createTestUser,
  type HistoryFound,
  type HistorySetup,
  type KillMoment,
  runAndKill,
} from "@carrara/coordinator/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

const KILLS = 500;
/** One run in so many has to recover the state first. */
const RECOVER_EVERY = 12;
/** One run in so many is killed while it starts. */
const KILL_START_EVERY = 10;
/** Milliseconds a Coordinator works before it is killed, at most; a commit takes some two. */
const MAX_LIFE_MS = 50;
/** Milliseconds a Coordinator takes to start, about. */
const START_MS = 200;
/** Milliseconds after which something hangs; half a second a kill on a busy machine. */
const TEST_TIMEOUT_MS = 420_000;

let dir: string;
let program: string;
let setupFile: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "carrara-history-"));
  program = join(dir, "history-loop.mjs");
  bundleTestProgram("history-loop", program);
  const [anna, bert] = await Promise.all([createTestUser(), createTestUser()]);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const setup: HistorySetup = {
    annaPem: anna.pem,
    bertPem: bert.pem,
    recoveryPublicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    recoveryPrivatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  setupFile = join(dir, "setup.json");
  writeFileSync(setupFile, JSON.stringify(setup));
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What a run said: the state it found, the last one it acknowledged, and what it was about to change. */
interface Run {
  readonly found: HistoryFound | null | undefined;
  readonly acknowledged: HistoryFound | null | undefined;
  readonly trying: readonly string[];
  readonly hasRecovered: boolean;
}

function read(output: string): Run {
  let run: Run = { found: undefined, acknowledged: undefined, trying: [], hasRecovered: false };
  for (const line of output.split("\n").slice(0, -1)) {
    const [word, json = ""] = line.split(/ (.*)/, 2);
    const value = JSON.parse(json);
    if (word === "found") run = { ...run, found: value, acknowledged: value };
    if (word === "done") run = { ...run, acknowledged: value, trying: [] };
    if (word === "try") run = { ...run, trying: value };
    if (word === "recovered") run = { ...run, hasRecovered: true };
  }
  return run;
}

/** The parts in which two states differ. */
function differences(before: HistoryFound, after: HistoryFound): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after)
    .filter(([part, value]) => value !== old.get(part))
    .map(([part]) => part);
}

function moment(kill: number): KillMoment {
  if (kill === 0) return { after: "first output", ms: 1500 };
  return kill % KILL_START_EVERY === 0
    ? { after: "start", ms: Math.random() * START_MS }
    : { after: "first output", ms: Math.random() * MAX_LIFE_MS };
}

test(
  `a coordinator killed at ${KILLS} random points of its history finds what it acknowledged`,
  async () => {
    const state = join(dir, "state");
    const args = [program, state, setupFile];
    let last: Run = { found: null, acknowledged: null, trying: [], hasRecovered: false };
    const seen = { inFlight: 0, recovered: 0, parts: new Set<string>() };
    for (let kill = 0; kill < KILLS; kill += 1) {
      if (kill % RECOVER_EVERY === 1) rmSync(join(state, "sealed_key"), { force: true });
      const run = read(await runAndKill(args, moment(kill)));
      seen.recovered += run.hasRecovered ? 1 : 0;
      for (const part of run.trying) seen.parts.add(part);
      // Killed before it could look: what held before still holds.
      if (run.found === undefined) continue;
      if (last.acknowledged != null && run.found !== null) {
        const changed = differences(last.acknowledged, run.found);
        if (changed.length > 0) {
          seen.inFlight += 1;
          // The operation under way is there, and as a whole.
          expect(changed.sort(), `kill ${kill}`).toEqual([...last.trying].sort());
        }
      } else {
        expect(last.acknowledged, `kill ${kill} found ${JSON.stringify(run.found)}`).toBeNull();
      }
      last = run;
    }
    expect(existsSync(join(state, "sealed_data"))).toBe(true);
    expect(seen.inFlight).toBeGreaterThan(0);
    expect(seen.recovered).toBeGreaterThan(KILLS / RECOVER_EVERY / 2);
    expect([...seen.parts].sort()).toEqual(
      ["activations", "counter", "log", "manifest", "pending", "secret"].sort(),
    );
    expect(Number(last.acknowledged?.manifest)).toBeGreaterThan(3);
  },
  TEST_TIMEOUT_MS,
);
