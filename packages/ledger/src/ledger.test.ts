import { createHash } from "node:crypto";
import { entryOf, parseTally, verifyTally } from "@carrara/ballot";
import {
  createTreeHasher,
  parseCheckpoint,
  parseNote,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
} from "@carrara/transparency";
import { expect, test } from "vitest";
import type { Ledger, LedgerOptions } from "./index.ts";
import { openLedger } from "./index.ts";
import { createMemoryStore } from "./testing/memory-store.ts";
import { ballotOf, ballotsOf } from "./testing/test-ballots.ts";

const hasher = createTreeHasher((bytes) => createHash("sha256").update(bytes).digest());
const KEY = new Uint8Array(32).fill(7);

async function open(
  files: Map<string, Uint8Array>,
  changes: Partial<LedgerOptions> = {},
): Promise<Ledger> {
  return await openLedger({
    store: createMemoryStore(files),
    key: KEY,
    poll: "test",
    rules: { revote: "unlimited" },
    volumeBallots: 512,
    ...changes,
  });
}

test("each ballot of a group has a proof that its checkpoint bears out", async () => {
  const ledger = await open(new Map());
  const ballots = ballotsOf(0, 1300);
  const outcomes = await Promise.all(ballots.map((ballot) => ledger.append(ballot)));
  for (const [i, outcome] of outcomes.entries()) {
    expect(outcome).toMatchObject({ kind: "appended", index: i });
    if (outcome.kind !== "appended") continue;
    const { size, root } = outcome.group.checkpoint;
    const leafHash = hasher.leaf(entryOf(ballotOf(i).commitment));
    const proof = outcome.group.proofOf(i);
    verifyInclusion({ index: i, size, leafHash, proof, root }, hasher);
  }
  await ledger.close();
});

test("a ledger that is opened again has the same ballots, proofs and counts", async () => {
  const files = new Map<string, Uint8Array>();
  const first = await open(files);
  await Promise.all(ballotsOf(0, 700).map((ballot) => first.append(ballot)));
  const before = first.checkpoint();
  await first.close();
  const second = await open(files);
  expect(second.checkpoint()).toEqual(before);
  expect(second.tallies()).toEqual(first.tallies());
  for (let i = 700; i < 1500; i += 1) await second.append(ballotOf(i));
  expect(await second.append(ballotOf(3))).toEqual({ kind: "known", index: 3, group: undefined });
  expect(await second.append(ballotOf(3, { choice: 99 }))).toEqual({ kind: "idReused" });
  const { size, root, note } = second.checkpoint();
  await verifyNote(parseNote(note), second.logKey);
  expect(parseCheckpoint(parseNote(note).text)).toMatchObject({ size: 1500 });
  for (const index of [0, 1, 255, 256, 511, 512, 1024, 1400, 1499]) {
    const leafHash = hasher.leaf(entryOf(ballotOf(index).commitment));
    verifyInclusion({ index, size, leafHash, proof: await second.proof(index), root }, hasher);
  }
  const proof = await second.consistency(700, 1500);
  verifyConsistency({ from: 700, to: 1500, fromRoot: before.root, toRoot: root, proof }, hasher);
  await verifyTally(second.tallyNote(), second.logKey);
  expect(parseTally(parseNote(second.tallyNote()).text)).toMatchObject({ counted: 1500 });
  await second.close();
});
