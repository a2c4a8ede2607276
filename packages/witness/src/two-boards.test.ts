import {
  createTreeHasher,
  encodeNote,
  parseCheckpoint,
  parseNote,
  TransparencyError,
  type VerifierKey,
  verifyCosignature,
  verifyInclusion,
  verifyNote,
} from "@carrara/transparency";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { submitCheckpoint } from "./submit-checkpoint.ts";
import { createTestLog, type TestLog, testEntries } from "./testing/test-log.ts";
import { startTestWitness, type TestWitness } from "./testing/test-witness.ts";
import { WitnessError } from "./witness-error.ts";

// One voting service with one key that shows every voter a board of their own.
let honest: TestLog;
let forked: TestLog;
let witnesses: readonly TestWitness[];

beforeEach(async () => {
  honest = createTestLog({ entries: testEntries(10) });
  forked = honest.fork(6);
  forked.append(...testEntries(7, "swapped"));
  witnesses = await Promise.all(
    ["w1", "w2", "w3"].map(async (name) => {
      return await startTestWitness({ logKeys: [honest.key], name: `witness.example/${name}` });
    }),
  );
});
afterEach(async () => await Promise.all(witnesses.map(async ({ close }) => await close())));

/** Gets what cosignatures can be had for all of `of`, and gives the note with them. */
async function gather(of: TestLog, asked: readonly TestWitness[]): Promise<string> {
  const note = parseNote(of.checkpoint());
  const signatures = [...note.signatures];
  for (const { url, key } of asked) {
    const signature = await cosign(of, url, key);
    if (signature !== undefined) signatures.push(signature);
  }
  return encodeNote({ text: note.text, signatures });
}

async function cosign(of: TestLog, url: string, witnessKey: VerifierKey, oldSize = 0) {
  const proof = oldSize === 0 || oldSize > of.size ? [] : of.consistency(oldSize);
  try {
    const options = { url, oldSize, proof, checkpoint: of.checkpoint(), witnessKey };
    return (await submitCheckpoint(options)).signature;
  } catch (error) {
    if (!(error instanceof WitnessError)) throw error;
    const { code, size = 0 } = error;
    // A log that lies tries again from where the witness is.
    if (code === "WITNESS_CONFLICT" && oldSize === 0 && size <= of.size) {
      return await cosign(of, url, witnessKey, size);
    }
    return undefined;
  }
}

/** What a voter does with a receipt: log's signature, inclusion, and who else has seen this tree. */
async function cosignersOf(of: TestLog, index: number, noteText: string): Promise<string[]> {
  const note = parseNote(noteText);
  await verifyNote(note, of.key);
  const { size, root } = parseCheckpoint(note.text);
  const entry = testEntries(of.size, of === honest || index < 6 ? "entry" : "swapped");
  const leaf = entry[of === honest || index < 6 ? index : index - 6] ?? new Uint8Array(0);
  const leafHash = createTreeHasher().leaf(leaf);
  verifyInclusion({ index, size, leafHash, proof: of.inclusion(index, size), root });
  const names: string[] = [];
  for (const { key } of witnesses) {
    try {
      await verifyCosignature(note, key);
      names.push(key.name);
    } catch (error) {
      if (!(error instanceof TransparencyError)) throw error;
    }
  }
  return names;
}

describe("two boards for two voters", () => {
  test("both look right without witnesses: that is why there are witnesses", async () => {
    expect(await cosignersOf(honest, 8, honest.checkpoint())).toEqual([]);
    expect(await cosignersOf(forked, 8, forked.checkpoint())).toEqual([]);
  });

  test("one witness cosigns one of them, whichever asks first", async () => {
    const [witness] = witnesses;
    if (witness === undefined) throw new Error("no witness");
    for (const [first, second] of [[honest, forked]] as const) {
      expect(await cosignersOf(first, 8, await gather(first, [witness]))).toEqual([
        witness.key.name,
      ]);
      expect(await cosignersOf(second, 8, await gather(second, [witness]))).toEqual([]);
    }
    expect(witness.events.at(-1)).toEqual({
      event: "growth not proven",
      origin: honest.key.name,
      size: 10,
      note: forked.checkpoint(),
    });
  });

  test("of three witnesses no two voters on different boards get two each", async () => {
    const [w1, w2, w3] = witnesses;
    if (w1 === undefined || w2 === undefined || w3 === undefined) throw new Error("no witness");
    // The log tries to please both: one witness for this board, one for that, both ask the third.
    const forHonest = await gather(honest, [w1, w3]);
    const forForked = await gather(forked, [w2, w3]);
    const anna = await cosignersOf(honest, 8, await withMore(forHonest, honest, [w2]));
    const bert = await cosignersOf(forked, 8, await withMore(forForked, forked, [w1]));
    expect(anna.filter((name) => bert.includes(name))).toEqual([]);
    expect([anna.length, bert.length].filter((count) => count >= 2)).toHaveLength(1);
  });

  test("two boards of one size are proof against the log, which the witness tells", async () => {
    const twin = honest.fork(6);
    twin.append(...testEntries(4, "swapped"));
    const [witness] = witnesses;
    if (witness === undefined) throw new Error("no witness");
    await gather(honest, [witness]);
    await gather(twin, [witness]);
    expect(witness.events.at(-1)).toEqual({
      event: "fork seen",
      origin: honest.key.name,
      size: 10,
      note: twin.checkpoint(),
    });
  });
});

async function withMore(
  noteText: string,
  of: TestLog,
  asked: readonly TestWitness[],
): Promise<string> {
  const [before, more] = [parseNote(noteText), parseNote(await gather(of, asked))];
  return encodeNote({
    text: before.text,
    signatures: [...before.signatures, ...more.signatures.slice(1)],
  });
}
