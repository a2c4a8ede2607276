import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { encodeVerifierKey, type VerifierKey } from "@carrara/transparency";
import { afterAll, beforeAll, expect, test } from "vitest";
import { submitCheckpoint } from "./submit-checkpoint.ts";
import { bundleWitnessProgram, startKillableWitness } from "./testing/killable-witness.ts";
import { createTestLog, type TestLog, testEntries } from "./testing/test-log.ts";
import { WitnessError } from "./witness-error.ts";
import { createWitnessKey } from "./witness-key.ts";

const KILLS = 25;
/** Entries that both histories have. */
const COMMON = 4;
const log = createTestLog({ entries: testEntries(500) });
const other = log.fork(COMMON);
other.append(...testEntries(500 - COMMON, "other"));

/** A cosignature that has left the witness. */
interface Cosigned {
  readonly of: TestLog;
  readonly size: number;
}

let dir: string;
let program: string;
let keyFile: string;
let witnessKey: VerifierKey;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-witness-"));
  program = bundleWitnessProgram(dir);
  keyFile = join(dir, "witness.key");
  ({ verifierKey: witnessKey } = await createWitnessKey(keyFile, "witness.example/w1"));
});
afterAll(async () => await rm(dir, { recursive: true }));

test(`a witness that is killed ${KILLS} times at any moment vouches for one history, and forgets nothing`, {
  timeout: 120_000,
}, async () => {
  const cosigned: Cosigned[] = [];
  let largest = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const given = await pushUntilKilled(kill);
    // What was promised before the kill is remembered after it.
    for (const { size } of given) expect(size).toBeGreaterThanOrEqual(largest);
    largest = Math.max(largest, ...given.map(({ size }) => size));
    cosigned.push(...given);
  }
  expect(cosigned.length).toBeGreaterThan(KILLS);
  expect(new Set(cosigned.filter(({ size }) => size > COMMON).map(({ of }) => of)).size).toBe(1);
  const kept = await readdir(join(dir, "state"));
  expect(kept.filter((name) => name.endsWith(".checkpoint"))).toHaveLength(1);
});

/** Both histories push at once, each first in every other round; gives what was cosigned. */
async function pushUntilKilled(round: number): Promise<readonly Cosigned[]> {
  const witness = await startKillableWitness(
    program,
    join(dir, "state"),
    keyFile,
    encodeVerifierKey(log.key),
  );
  const given: Cosigned[] = [];
  await new Promise<void>((resolve, reject) => {
    const pushing = (round % 2 === 0 ? [log, other] : [other, log]).map(async (of) => {
      await push(of, witness.url, (size) => {
        // Somewhere among the first cosignatures of this round.
        if (given.length === 0)
          setTimeout(round % 13)
            .then(witness.kill)
            .catch(reject);
        given.push({ of, size });
      });
    });
    Promise.all(pushing).then(() => resolve(), reject);
  });
  return given;
}

/** Submits one entry more after the other, from wherever the witness is, until it is gone. */
async function push(of: TestLog, url: string, onCosigned: (size: number) => void): Promise<void> {
  let oldSize = 0;
  for (;;) {
    const size = Math.min(oldSize + 1, of.size);
    const submission = {
      oldSize,
      proof: of.consistency(oldSize, size),
      checkpoint: of.checkpoint(size),
    };
    try {
      await submitCheckpoint({ url, witnessKey, ...submission });
      onCosigned(size);
      oldSize = size;
    } catch (error) {
      if (!(error instanceof WitnessError)) throw error;
      if (error.code === "WITNESS_UNREACHABLE") return;
      if (error.code === "WITNESS_FORK") await setTimeout(5);
      else oldSize = error.size ?? 0;
    }
  }
}
