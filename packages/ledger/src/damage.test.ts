import { beforeAll, expect, test } from "vitest";
import { parseGroupHeader } from "./core/group.ts";
import { HEAD_SLOT_BYTES } from "./core/head.ts";
import { createMemoryAnchor } from "./testing/memory-anchor.ts";
import { ballotOf } from "./testing/test-ballots.ts";
import { appendGroups, copyFiles, openTestLedger, TEST_KEY } from "./testing/test-ledger.ts";

type Files = Map<string, Uint8Array>;

/** Two volumes and a half of 512 ballots, written by three processes. */
const SIZE = 1300;
let genuine: Files;
/** The directory as it was at 300 ballots, and at 700. */
let oldest: Files;
let older: Files;

beforeAll(async () => {
  const files: Files = new Map();
  for (const [from, to] of [
    [0, 300],
    [300, 1100],
    [1100, SIZE],
  ] as const) {
    const ledger = await openTestLedger(files);
    await appendGroups(ledger, from, Math.min(to, 700), 37);
    if (from === 300) older = copyFiles(files);
    await appendGroups(ledger, Math.max(from, 700), to, 37);
    await ledger.close();
    if (from === 0) oldest = copyFiles(files);
  }
  genuine = files;
});

const segments = (files: Files) => [...files.keys()].filter((n) => n.startsWith("segment-")).sort();

function bytesOf(files: Files, name: string | undefined): Uint8Array {
  const bytes = name === undefined ? undefined : files.get(name);
  if (bytes === undefined) throw new TypeError(`no file ${name}`);
  return bytes;
}

function groupStarts(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = parseGroupHeader(bytes, at);
    if (header === undefined) break;
    starts.push(at);
    at += header.groupBytes;
  }
  return starts;
}

/** Opens a damaged copy; gives the code of its refusal, or the ledger's size. */
async function outcomeOf(files: Files): Promise<string | number> {
  try {
    const ledger = await openTestLedger(files);
    const { size } = ledger;
    await ledger.close();
    return size;
  } catch (error) {
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
}

const names = ["first", "second", "third", "fourth", "fifth"];

test("the genuine ledger has the files that the damages below expect, and opens", async () => {
  expect(segments(genuine)).toHaveLength(names.length);
  expect(await outcomeOf(copyFiles(genuine))).toBe(SIZE);
});

test("a cut at any group boundary of the last segment is LEDGER_TRUNCATED", async () => {
  const last = segments(genuine).at(-1);
  for (const start of groupStarts(bytesOf(genuine, last))) {
    const files = copyFiles(genuine);
    files.set(last ?? "", bytesOf(files, last).slice(0, start));
    expect(await outcomeOf(files)).toBe("LEDGER_TRUNCATED");
  }
});

test("a cut within a group that was acknowledged is refused, wherever it is", async () => {
  const last = segments(genuine).at(-1);
  const length = bytesOf(genuine, last).length;
  for (let cut = 1; cut < 2700; cut += 97) {
    const files = copyFiles(genuine);
    files.set(last ?? "", bytesOf(files, last).slice(0, length - cut));
    expect(await outcomeOf(files)).toBe("LEDGER_TAMPERED");
  }
});

test("no flipped bit passes, in any file", async () => {
  for (const [name, bytes] of genuine) {
    const step = Math.max(1, Math.floor(bytes.length / 40));
    for (let at = 0; at < bytes.length; at += step) {
      const files = copyFiles(genuine);
      const flipped = bytesOf(files, name);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const outcome = await outcomeOf(files);
      // One of two heads may be torn by a power failure; the other is a head all the same.
      if (name === "head") expect(outcome).toBe(SIZE);
      else
        expect(outcome, `${name} at ${at}`).toMatch(
          /^LEDGER_(TAMPERED|SEGMENT_FOREIGN|TRUNCATED)$/,
        );
    }
  }
});

test("a head of which both slots are broken, or none is left, is LEDGER_TAMPERED", async () => {
  const broken = copyFiles(genuine);
  const head = bytesOf(broken, "head");
  for (const slot of [0, 1]) head[slot * HEAD_SLOT_BYTES + 60] = 0xff ^ (head[60] ?? 0);
  head.fill(0xee, 50, 60);
  head.fill(0xee, HEAD_SLOT_BYTES + 50, HEAD_SLOT_BYTES + 60);
  expect(await outcomeOf(broken)).toBe("LEDGER_TAMPERED");
  const lost = copyFiles(genuine);
  lost.delete("head");
  expect(await outcomeOf(lost)).toBe("LEDGER_TAMPERED");
});

test.each([
  ["first", "LEDGER_SEGMENT_MISSING"],
  ["second", "LEDGER_SEGMENT_MISSING"],
  ["third", "LEDGER_SEGMENT_MISSING"],
  ["fourth", "LEDGER_SEGMENT_MISSING"],
  ["fifth", "LEDGER_TRUNCATED"],
] as const)("a ledger without its %s segment is %s", async (which, code) => {
  const files = copyFiles(genuine);
  files.delete(segments(genuine)[names.indexOf(which)] ?? "");
  expect(await outcomeOf(files)).toBe(code);
});

test.each([0, 1])("a ledger without the index of volume %i is refused", async (volume) => {
  const files = copyFiles(genuine);
  files.delete(`volume-00000${volume}.index`);
  // The last full volume may have been closed as the process ended: it is read again.
  expect(await outcomeOf(files)).toBe(volume === 1 ? SIZE : "LEDGER_SEGMENT_MISSING");
});

test("a ledger without any index is LEDGER_SEGMENT_MISSING", async () => {
  const files = copyFiles(genuine);
  for (const volume of [0, 1]) files.delete(`volume-00000${volume}.index`);
  expect(await outcomeOf(files)).toBe("LEDGER_SEGMENT_MISSING");
});

test("indexes in each other's place are LEDGER_TAMPERED", async () => {
  const files = copyFiles(genuine);
  files.set("volume-000000.index", bytesOf(genuine, "volume-000001.index"));
  files.set("volume-000001.index", bytesOf(genuine, "volume-000000.index"));
  expect(await outcomeOf(files)).toBe("LEDGER_TAMPERED");
});

test.each([
  [0, 1],
  [0, 4],
  [3, 4],
])("segments %i and %i in each other's place are refused", async (one, other) => {
  const files = copyFiles(genuine);
  const [a = "", b = ""] = [segments(genuine)[one], segments(genuine)[other]];
  files.set(a, bytesOf(genuine, b).slice());
  files.set(b, bytesOf(genuine, a).slice());
  expect(await outcomeOf(files)).toMatch(/^LEDGER_(TAMPERED|SEGMENT_FOREIGN)$/);
});

test("a segment that is there twice, under any name, is LEDGER_SEGMENT_FOREIGN", async () => {
  for (const [at, name] of segments(genuine).entries()) {
    const sameFirst = name.replace(/-[0-9a-f]{32}/, `-${"ab".repeat(16)}`);
    const sameWriter = name.replace(/-[0-9]{12}-/, `-${String(SIZE).padStart(12, "0")}-`);
    for (const copy of [sameFirst, sameWriter]) {
      const files = copyFiles(genuine);
      files.set(copy, bytesOf(genuine, name).slice());
      expect(await outcomeOf(files), `${at} as ${copy}`).toBe("LEDGER_SEGMENT_FOREIGN");
    }
  }
});

test("groups in each other's place, or replayed, are refused", async () => {
  const last = segments(genuine).at(-1) ?? "";
  const bytes = bytesOf(genuine, last);
  const [, second = 0, third = 0] = groupStarts(bytes);
  const swapped = copyFiles(genuine);
  swapped.set(
    last,
    Buffer.concat([
      bytes.subarray(second, third),
      bytes.subarray(0, second),
      bytes.subarray(third),
    ]),
  );
  expect(await outcomeOf(swapped)).toMatch(/^LEDGER_SEGMENT_(MISSING|FOREIGN)$/);
  const replayed = copyFiles(genuine);
  replayed.set(last, Buffer.concat([bytes, bytes.subarray(0, second)]));
  expect(await outcomeOf(replayed)).toBe("LEDGER_SEGMENT_FOREIGN");
});

test("another key and another poll are LEDGER_KEY_WRONG", async () => {
  const wrong = { code: "LEDGER_KEY_WRONG" };
  const key = TEST_KEY.slice().fill(1, 31);
  await expect(openTestLedger(copyFiles(genuine), { key })).rejects.toMatchObject(wrong);
  const poll = "tesu";
  await expect(openTestLedger(copyFiles(genuine), { poll })).rejects.toMatchObject(wrong);
});

test("a directory that was put back as a whole is found by the anchor alone", async () => {
  const anchor = createMemoryAnchor(SIZE);
  expect(await outcomeOf(copyFiles(older))).toBe(700);
  const rolledBack = { code: "LEDGER_ROLLED_BACK" };
  await expect(openTestLedger(copyFiles(older), { anchor })).rejects.toMatchObject(rolledBack);
  await expect(openTestLedger(new Map(), { anchor })).rejects.toMatchObject(rolledBack);
  const ledger = await openTestLedger(copyFiles(genuine), { anchor });
  expect(ledger.size).toBe(SIZE);
});

test("an older head beside the whole ledger is told and loses nothing", async () => {
  const files = copyFiles(genuine);
  files.set("head", bytesOf(older, "head").slice());
  const events: string[] = [];
  const ledger = await openTestLedger(files, { log: (_, message) => void events.push(message) });
  expect(ledger.size).toBe(SIZE);
  expect(events).toContain("ledger head was behind");
});

test("the head of another history of the same length is LEDGER_TAMPERED", async () => {
  const other = copyFiles(older);
  const ledger = await openTestLedger(other);
  await appendGroups(ledger, 5000, 5000 + SIZE - 700, 37);
  await ledger.close();
  const files = copyFiles(genuine);
  files.set("head", bytesOf(other, "head").slice());
  expect(await outcomeOf(files)).toBe("LEDGER_TAMPERED");
  // Nor do a volume and an index of the two go together.
  const mixed = copyFiles(other);
  mixed.set("volume-000001.index", bytesOf(genuine, "volume-000001.index"));
  expect(await outcomeOf(mixed)).toMatch(/^LEDGER_/);
});

test("a segment of another history of the same key and poll is LEDGER_TAMPERED", async () => {
  const other = copyFiles(older);
  const ledger = await openTestLedger(other);
  await appendGroups(ledger, 5000, 5000 + SIZE - 700, 37);
  await ledger.close();
  const from = (files: Files, first: number) =>
    segments(files).find((name) => name.includes(String(first).padStart(12, "0"))) ?? "";
  const files = copyFiles(genuine);
  for (const name of segments(genuine).slice(3)) files.delete(name);
  files.set(from(other, 1024), bytesOf(other, from(other, 1024)).slice());
  // Not even the head knows better: it is from before the two histories parted.
  files.set("head", bytesOf(older, "head").slice());
  expect(await outcomeOf(files)).toBe("LEDGER_TAMPERED");
});

test("volumes of two histories do not go together, even as wholes", async () => {
  const other = copyFiles(oldest);
  const ledger = await openTestLedger(other);
  await appendGroups(ledger, 5000, 5000 + SIZE - 300, 37);
  await ledger.close();
  const files = copyFiles(other);
  const isOfFirstVolume = (name: string) =>
    name === "volume-000000.index" ||
    (name.startsWith("segment-") && name < "segment-000000000512");
  for (const name of files.keys()) if (isOfFirstVolume(name)) files.delete(name);
  for (const [name, bytes] of genuine) if (isOfFirstVolume(name)) files.set(name, bytes.slice());
  expect(await outcomeOf(copyFiles(other))).toBe(SIZE);
  expect(await outcomeOf(files)).toBe("LEDGER_TAMPERED");
});

test("a group that was being written is set aside as it is, and nothing else is changed", async () => {
  const last = segments(genuine).at(-1) ?? "";
  for (const torn of [1, 75, 76, 100, 500, 1016]) {
    const files = copyFiles(genuine);
    const group = new Uint8Array(1016).fill(0x55);
    group.set(Buffer.from("CLG1"));
    // Pages reach a disk in any order: the first may be what is missing.
    if (torn === 500) group.fill(0, 0, 200);
    const bytes = group.subarray(0, torn);
    files.set(last, Buffer.concat([bytesOf(genuine, last), bytes, new Uint8Array(5000)]));
    const before = copyFiles(files);
    const events: string[] = [];
    const log = (_: string, message: string) => void events.push(message);
    expect((await openTestLedger(files, { log })).size).toBe(SIZE);
    expect(events).toContain("ledger tail was torn");
    const aside = [...files.keys()].filter((name) => name.endsWith(".torn"));
    expect(aside).toHaveLength(1);
    expect(Buffer.compare(bytesOf(files, aside[0]), bytes)).toBe(0);
    expect(Buffer.compare(bytesOf(files, last), bytesOf(genuine, last))).toBe(0);
    for (const name of before.keys()) {
      if (name !== last && name !== "head") expect(files.get(name)).toEqual(before.get(name));
    }
  }
});

test("a directory copied at any moment opens to whole groups, or is refused by a code", async () => {
  const files: Files = new Map();
  const ledger = await openTestLedger(files);
  const copies: { readonly size: number; readonly files: Files }[] = [];
  ledger.onCommit(({ size }) => {
    copies.push({ size, files: copyFiles(files) });
  });
  await appendGroups(ledger, 0, 1100, 100);
  for (const [i, copy] of copies.entries()) {
    expect(await outcomeOf(copyFiles(copy.files))).toBe(copy.size);
    // The head was copied first, or last.
    const next = copies[i + 1];
    if (next === undefined) break;
    const early = copyFiles(next.files).set("head", bytesOf(copy.files, "head").slice());
    expect(await outcomeOf(early)).toBe(next.size);
    const late = copyFiles(copy.files).set("head", bytesOf(next.files, "head").slice());
    expect(await outcomeOf(late)).toMatch(/^LEDGER_(TRUNCATED|TAMPERED)$/);
  }
});

test("bits that flip while the ledger runs are found when they are read", async () => {
  const files = copyFiles(genuine);
  const ledger = await openTestLedger(files);
  const [first = ""] = segments(files);
  bytesOf(files, first)[3000] = (bytesOf(files, first)[3000] ?? 0) ^ 1;
  const tampered = { code: "LEDGER_TAMPERED" };
  await expect(ledger.entries(0, 256)).rejects.toMatchObject(tampered);
  await expect(ledger.proof(50)).rejects.toMatchObject(tampered);
  // A ballot that may be a retry cannot be told from a new one any more: nothing is guessed.
  await expect(ledger.append(ballotOf(37))).rejects.toMatchObject(tampered);
  expect(ledger.status()).toMatchObject({ kind: "readOnly", code: "LEDGER_TAMPERED" });
});
