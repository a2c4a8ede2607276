import type { LedgerCheckpoint } from "@carrara/ledger";
import { parseNote, verifyCosignature } from "@carrara/transparency";
import { submitCheckpoint } from "@carrara/witness";
import {
  createTestLog,
  startTestWitness,
  type TestLog,
  type TestWitness,
  testEntries,
} from "@carrara/witness/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPublisher } from "./publisher.ts";
import { createWitnessRound, type WitnessPeer, witnessPeersOf } from "./witness-round.ts";

let board: TestLog;
let witness: TestWitness;
let peer: WitnessPeer;
/** What the service has said. */
let told: string[];

beforeEach(async () => {
  board = createTestLog({ entries: testEntries(8) });
  witness = await startTestWitness({ logKeys: [board.key] });
  peer = { key: witness.key, url: witness.url };
  told = [];
});
afterEach(async () => await witness.close());

const say = (_: object, message: string): void => void told.push(message);

function headOf(of: TestLog, size = of.size): LedgerCheckpoint {
  const note = of.checkpoint(size);
  return { size, root: of.root(size), text: parseNote(note).text, note };
}

function roundOver(of: TestLog, peers: readonly WitnessPeer[] = [peer], now?: () => number) {
  return createWitnessRound({
    peers,
    ledger: { consistency: async (from, to) => await Promise.resolve(of.consistency(from, to)) },
    submit: submitCheckpoint,
    log: { info: say, warn: say, error: say },
    onConflict: (name) => void told.push(`conflict ${name}`),
    ...(now === undefined ? {} : { now }),
  });
}

describe("a round of witnesses", () => {
  test("brings cosignatures of those that answer, and goes on without the others", async () => {
    const away = { ...peer, url: "http://127.0.0.1:1" };
    const round = roundOver(board, [away, peer]);
    for (const size of [3, 8]) {
      const { signatures, verdict } = await round(headOf(board, size));
      expect(verdict).toBe("cosigned");
      const { text } = headOf(board, size);
      await verifyCosignature({ text, signatures }, witness.key);
    }
    expect(told).toEqual(["witness does not cosign"]);
  });

  test("goes on after a restart from where the witness is", async () => {
    await roundOver(board)(headOf(board, 5));
    expect(await roundOver(board)(headOf(board))).toMatchObject({ verdict: "cosigned" });
    expect(told).toEqual([]);
  });

  test("calls another history a conflict, and nothing makes it whole again", async () => {
    await roundOver(board)(headOf(board));
    const other = board.fork(4);
    other.append(...testEntries(6, "other"));
    const round = roundOver(other);
    expect(await round(headOf(other))).toEqual({ signatures: [], verdict: "conflict" });
    expect(await round(headOf(other))).toEqual({ signatures: [], verdict: "conflict" });
    expect(told).toEqual(["witness has seen another history", `conflict ${witness.key.name}`]);
  });

  test("of a replica that is a little behind another one waits, and is no conflict", async () => {
    await roundOver(board)(headOf(board));
    const behind = roundOver(board);
    expect(await behind(headOf(board, 6))).toMatchObject({ verdict: "waiting" });
    board.append(...testEntries(2, "more"));
    expect(await behind(headOf(board))).toMatchObject({ verdict: "cosigned" });
  });

  test("of a log that stays behind what the witness knows is a conflict: ballots are gone", async () => {
    await roundOver(board)(headOf(board));
    let now = 0;
    const round = roundOver(board.fork(5), [peer], () => now);
    expect(await round(headOf(board, 5))).toMatchObject({ verdict: "waiting" });
    now = 29_000;
    expect(await round(headOf(board, 5))).toMatchObject({ verdict: "waiting" });
    now = 31_000;
    expect(await round(headOf(board, 5))).toMatchObject({ verdict: "conflict" });
    expect(told).toContain(`conflict ${witness.key.name}`);
  });
});

test("the last head of a poll is cosigned when its witness comes back, without another ballot", async () => {
  const { port } = new URL(witness.url);
  await witness.close();
  const published: string[] = [];
  const publisher = createPublisher({
    ledger: { checkpoint: () => headOf(board), tallyNote: () => "" },
    round: roundOver(board),
    onPublished: () => void published.push(publisher.latest.witnesses),
    retryMs: 20,
  });
  await expect.poll(() => published.at(-1)).toBe("waiting");
  witness = await startTestWitness({
    logKeys: [board.key],
    port: Number(port),
    key: witness.signer,
  });
  await expect.poll(() => published.at(-1), { timeout: 5_000 }).toBe("cosigned");
  publisher.stop();
});

describe("WITNESSES", () => {
  test("has a line for each witness", () => {
    expect(witnessPeersOf("")).toEqual([]);
    expect(witnessPeersOf(" \n")).toEqual([]);
  });

  test.each(["x http://127.0.0.1", "x", "x ftp://a", "x http://a b"])("refuses %j", (text) => {
    expect(() => witnessPeersOf(text)).toThrow(
      expect.objectContaining({ code: "SETTING_INVALID" }),
    );
  });
});
