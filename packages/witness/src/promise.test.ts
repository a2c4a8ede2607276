import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { encodeSubmission } from "./core/submission.ts";
import { createMemoryFiles, type MemoryFiles } from "./testing/memory-files.ts";
import { createTestLog, type TestLog, testEntries } from "./testing/test-log.ts";
import { createTestWitnessKey } from "./testing/test-witness.ts";
import { openWitness } from "./witness.ts";

const log = createTestLog({ entries: testEntries(40) });
const other = log.fork(4);
other.append(...testEntries(36, "other"));

const key = createTestWitnessKey();
const open = async (files: MemoryFiles) =>
  await openWitness({ key, logKeys: [log.key], files, now: () => new Date() });

function body(of: TestLog, from: number, to: number): Uint8Array {
  const proof = from === 0 || from === to ? [] : of.consistency(from, to);
  return encodeSubmission({ oldSize: from, proof, checkpoint: of.checkpoint(to) });
}

describe("a witness's promise", () => {
  test("is written, flushed, named and flushed again before the cosignature leaves", async () => {
    const files = createMemoryFiles();
    const witness = await open(files);
    const answer = witness.addCheckpoint(body(log, 0, 5)).then(({ status }) => ({
      status,
      done: files.operations.map((operation) => operation.replace(/[0-9a-f]{64}/, "HEAD")),
    }));
    expect(await answer).toEqual({
      status: 200,
      done: ["write HEAD.checkpoint.new", "rename HEAD.checkpoint", "sync"],
    });
  });

  test("survives a power cut right after the cosignature", async () => {
    const files = createMemoryFiles();
    await (await open(files)).addCheckpoint(body(log, 0, 5));
    const after = await open(files.afterPowerCut());
    expect(await after.addCheckpoint(body(other, 0, 5))).toMatchObject({
      status: 409,
      body: "5\n",
    });
    expect(await after.addCheckpoint(body(log, 5, 9))).toMatchObject({ status: 200 });
  });

  test.each(["write", "rename", "sync"] as const)(
    "is not given where the %s fails, and can be given later",
    async (operation) => {
      const files = createMemoryFiles();
      const witness = await open(files);
      await witness.addCheckpoint(body(log, 0, 5));
      files.failNext(operation);
      expect(await witness.addCheckpoint(body(log, 5, 9))).toMatchObject({ status: 503 });
      const cut = await open(files.afterPowerCut());
      expect(await cut.addCheckpoint(body(log, 5, 8))).toMatchObject({ status: 200 });
      expect(await witness.addCheckpoint(body(log, 5, 9))).toMatchObject({ status: 200 });
    },
  );

  test("of a tree that was cosigned already needs no disk", async () => {
    const files = createMemoryFiles();
    const witness = await open(files);
    await witness.addCheckpoint(body(log, 0, 5));
    const before = files.operations.length;
    expect(await witness.addCheckpoint(body(log, 5, 5))).toMatchObject({ status: 200 });
    expect(files.operations.length).toBe(before);
  });

  test("that cannot be read back keeps the witness from starting", async () => {
    const good = utf8(log.checkpoint(5));
    const name = await nameOf();
    const states = [
      new Uint8Array(0),
      good.slice(0, 40),
      good.map((byte, index) => (index === 30 ? byte ^ 1 : byte)),
      utf8(createTestLog({ origin: "log.example/else", entries: testEntries(3) }).checkpoint()),
      utf8(createTestLog({ entries: testEntries(3) }).checkpoint()),
      new Uint8Array([0xff, 0xfe]),
    ];
    for (const state of states) {
      await expect(open(createMemoryFiles(new Map([[name, state]])))).rejects.toMatchObject({
        name: "WitnessError",
        code: "WITNESS_STATE_INVALID",
      });
    }
    await open(createMemoryFiles(new Map([[name, good]])));
  });
});

/** The file that a witness keeps the log's head in. */
async function nameOf(): Promise<string> {
  const files = createMemoryFiles();
  await (await open(files)).addCheckpoint(body(log, 0, 1));
  const renamed = files.operations.find((operation) => operation.startsWith("rename "));
  return renamed?.slice("rename ".length) ?? "";
}
