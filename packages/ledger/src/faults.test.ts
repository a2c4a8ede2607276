import { expect, test } from "vitest";
import { parseGroupHeader } from "./core/group.ts";
import type { Ledger } from "./ledger.ts";
import { createStoreOver } from "./store/file-store.ts";
import { createFaultyFiles, type DiskFaults } from "./testing/faulty-files.ts";
import { ballotOf } from "./testing/test-ballots.ts";
import { appendGroups, copyFiles, openTestLedger } from "./testing/test-ledger.ts";

async function openFaulty(
  files: Map<string, Uint8Array> = new Map(),
): Promise<{ ledger: Ledger; disk: DiskFaults; files: Map<string, Uint8Array> }> {
  const faulty = createFaultyFiles(files);
  const ledger = await openTestLedger(files, { store: createStoreOver(faulty.files) });
  return { ledger, disk: faulty.disk, files };
}

const WRITE_FAILED = { code: "LEDGER_WRITE_FAILED" };

test("a full disk acknowledges nothing, and groups go on when there is room again", async () => {
  const { ledger, disk, files } = await openFaulty();
  await appendGroups(ledger, 0, 100, 30);
  for (const roomBytes of [0, 1, 50, 100, 150]) {
    disk.roomBytes = roomBytes;
    await expect(ledger.append(ballotOf(1000 + roomBytes))).rejects.toMatchObject(WRITE_FAILED);
    expect(ledger.status()).toEqual({ kind: "writable" });
    expect(ledger.size).toBe(100);
  }
  disk.roomBytes = 2000;
  const large = Array.from({ length: 40 }, (_, i) => ledger.append(ballotOf(2000 + i)));
  const outcomes = await Promise.allSettled(large);
  expect(outcomes.map(({ status }) => status)).toEqual(large.map(() => "rejected"));
  disk.roomBytes = Number.POSITIVE_INFINITY;
  await ledger.append(ballotOf(100));
  // What was refused is cut off, not left behind a shorter group.
  const segment = [...files].find(([name]) => name.startsWith("segment-"));
  expect(segment?.[1].length).toBe(101 * 68 + 5 * 92);
  await appendGroups(ledger, 101, 130, 10);
  // Whole, and without what was refused, even if the process is killed here.
  const again = await openTestLedger(copyFiles(files));
  expect(again.size).toBe(130);
  for (let i = 0; i < 130; i += 1) {
    expect(await again.append(ballotOf(i))).toMatchObject({ kind: "known", index: i });
  }
  expect(await again.append(ballotOf(1050))).toMatchObject({ kind: "appended", index: 130 });
});

test("a disk that is full from the start lets the first group wait too", async () => {
  const { ledger, disk, files } = await openFaulty();
  disk.roomBytes = 0;
  await expect(ledger.append(ballotOf(0))).rejects.toMatchObject(WRITE_FAILED);
  disk.roomBytes = Number.POSITIVE_INFINITY;
  expect(await ledger.append(ballotOf(0))).toMatchObject({ kind: "appended", index: 0 });
  await ledger.close();
  expect((await openTestLedger(files)).size).toBe(1);
});

test("no key sees a counter twice, whatever failed between", async () => {
  const { ledger, disk, files } = await openFaulty();
  await appendGroups(ledger, 0, 20, 5);
  disk.roomBytes = 100;
  for (let i = 0; i < 5; i += 1) await ledger.append(ballotOf(50 + i)).catch(() => undefined);
  disk.roomBytes = Number.POSITIVE_INFINITY;
  await appendGroups(ledger, 20, 600, 50);
  await ledger.close();
  const second = await openFaulty(files);
  await appendGroups(second.ledger, 600, 700, 50);
  const nonces = [...disk.writes, ...second.disk.writes].flatMap(({ name, bytes }) => {
    const header = name.startsWith("segment-") ? parseGroupHeader(bytes) : undefined;
    return header === undefined
      ? []
      : [`${Buffer.from(header.writer).toString("hex")} ${header.counter}`];
  });
  expect(nonces.length).toBeGreaterThan(20);
  expect(new Set(nonces).size).toBe(nonces.length);
});

test.each(["written", "lost"] as const)(
  "after a failed flush (%s) nothing is taken until a restart, which counts once",
  async (outcome) => {
    const { ledger, disk, files } = await openFaulty();
    await appendGroups(ledger, 0, 10, 5);
    disk.flushFails = outcome;
    await expect(ledger.append(ballotOf(10))).rejects.toMatchObject(WRITE_FAILED);
    disk.flushFails = false;
    expect(ledger.status()).toMatchObject({ kind: "readOnly", code: "LEDGER_WRITE_FAILED" });
    await expect(ledger.append(ballotOf(11))).rejects.toMatchObject({ code: "LEDGER_READ_ONLY" });
    expect(ledger.size).toBe(10);
    expect((await ledger.proof(3)).length).toBeGreaterThan(0);
    await ledger.close();

    const again = await openTestLedger(files);
    const kind = outcome === "written" ? "known" : "appended";
    expect(await again.append(ballotOf(10))).toMatchObject({ kind, index: 10 });
    expect(again.size).toBe(11);
  },
);

test("a disk that becomes read-only is told and ends the taking", async () => {
  const { ledger, disk } = await openFaulty();
  await appendGroups(ledger, 0, 10, 5);
  disk.readOnly = true;
  await expect(ledger.append(ballotOf(10))).rejects.toMatchObject(WRITE_FAILED);
  await expect(ledger.append(ballotOf(10))).rejects.toMatchObject({ code: "LEDGER_READ_ONLY" });
});

test("a disk that is read-only from the start is refused with LEDGER_STORE_FAILED", async () => {
  const { files, disk } = createFaultyFiles();
  disk.readOnly = true;
  const store = createStoreOver(files);
  await expect(openTestLedger(new Map(), { store })).rejects.toMatchObject({
    code: "LEDGER_STORE_FAILED",
    message: "the ledger's store does not answer: EROFS",
  });
});

test("on a slow disk ballots wait for their flush, and what waits is one group", async () => {
  const { ledger, disk } = await openFaulty();
  await ledger.append(ballotOf(0));
  disk.slowMs = 30;
  const before = disk.writes.length;
  let settled = 0;
  const settle = () => {
    settled += 1;
  };
  for (let i = 1; i <= 200; i += 1) ledger.submit(ballotOf(i), settle);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(settled).toBe(0);
  await ledger.append(ballotOf(201));
  expect(settled).toBe(200);
  expect(disk.writes.length - before).toBe(2);
});

test("a volume's index that finds no room is written later; the ballots in it are safe", async () => {
  const { ledger, disk, files } = await openFaulty();
  await appendGroups(ledger, 0, 500, 50);
  disk.roomBytes = 3000;
  await appendGroups(ledger, 500, 512, 12);
  await expect(ledger.append(ballotOf(512))).rejects.toMatchObject(WRITE_FAILED);
  expect((await openTestLedger(copyFiles(files))).size).toBe(512);
  disk.roomBytes = Number.POSITIVE_INFINITY;
  await appendGroups(ledger, 512, 600, 50);
  await ledger.close();
  expect([...files.keys()]).toContain("volume-000000.index");
  expect((await openTestLedger(files)).size).toBe(600);
});

test("a group that was refused and kept by the disk never stands in for the one that was counted", async () => {
  const files = new Map<string, Uint8Array>();
  const { files: disk, disk: faults } = createFaultyFiles(files);
  const ledger = await openTestLedger(files, {
    store: createStoreOver(disk),
    rules: { revote: "last" },
    volumeBallots: 256,
  });
  await appendGroups(ledger, 0, 10, 5);
  const { pseudonym } = ballotOf(10);
  faults.roomBytes = 100;
  await expect(ledger.append(ballotOf(10, { choice: 1 }))).rejects.toMatchObject(WRITE_FAILED);
  const kept = faults.writes.at(-1)?.bytes.slice() ?? new Uint8Array();
  faults.roomBytes = Number.POSITIVE_INFINITY;
  await ledger.append(ballotOf(11, { choice: 2, pseudonym }));
  const counted = faults.writes.filter(({ name }) => name.startsWith("segment-")).at(-1);
  await appendGroups(ledger, 12, 300, 50);

  const segment = files.get(counted?.name ?? "") ?? new Uint8Array();
  const at = Buffer.from(segment).indexOf(counted?.bytes ?? new Uint8Array(1));
  expect(kept.length).toBe(counted?.bytes.length);
  segment.set(kept, at);
  // Believed, it would take the vote for 1 back, which was never counted, and leave the one for 2.
  await expect(ledger.append(ballotOf(999, { choice: 3, pseudonym }))).rejects.toMatchObject({
    code: "LEDGER_TAMPERED",
  });
  expect(ledger.status()).toMatchObject({ kind: "readOnly", code: "LEDGER_TAMPERED" });
});

test("more ballots than can wait are LEDGER_BUSY, and those that wait are counted", async () => {
  const { ledger } = await openFaulty();
  const ballot = ballotOf(0);
  const codes: string[] = [];
  let settled = 0;
  for (let i = 0; i < 65_540; i += 1) {
    ledger.submit(ballot, (outcome) => {
      settled += 1;
      if ("code" in outcome) codes.push(outcome.code);
    });
  }
  expect(codes).toEqual(new Array(4).fill("LEDGER_BUSY"));
  await expect.poll(() => settled).toBe(65_540);
  expect(ledger.size).toBe(1);
});

test.each([
  ["longer", 20, "LEDGER_TAMPERED"],
  ["as long", 10, "LEDGER_TAMPERED"],
  ["shorter", 5, "LEDGER_TRUNCATED"],
])(
  "a refused group that is %s cannot take the place of the one that was counted",
  async (_, count, code) => {
    const { ledger, disk, files } = await openFaulty();
    await appendGroups(ledger, 0, 20, 10);
    disk.roomBytes = 0;
    await Promise.allSettled(
      Array.from({ length: count }, async (_, i) => await ledger.append(ballotOf(100 + i))),
    );
    const refused = disk.writes.at(-1);
    disk.roomBytes = Number.POSITIVE_INFINITY;
    await appendGroups(ledger, 20, 30, 10);
    const counted = disk.writes.at(-1);
    if (refused === undefined || counted === undefined) throw new TypeError("nothing was written");
    const segment = files.get(counted.name) ?? new Uint8Array(0);
    const before = segment.subarray(0, segment.length - counted.bytes.length);
    files.set(counted.name, Buffer.concat([before, refused.bytes]));
    await expect(openTestLedger(copyFiles(files))).rejects.toMatchObject({ code });
  },
);
