import { expect, test } from "vitest";
import { createMemoryAnchor } from "./testing/memory-anchor.ts";
import { ballotOf } from "./testing/test-ballots.ts";
import { appendGroups, copyFiles, openTestLedger } from "./testing/test-ledger.ts";

test("the anchor is raised at the start, once a second under load, and at the end", async () => {
  const anchor = createMemoryAnchor();
  const files = new Map<string, Uint8Array>();
  let nowMs = 0;
  const ledger = await openTestLedger(files, { anchor, nowMs: () => nowMs });
  expect(anchor.raises).toEqual([0]);
  await appendGroups(ledger, 0, 50, 10);
  expect(anchor.raises).toEqual([0]);
  nowMs = 1000;
  await appendGroups(ledger, 50, 60, 10);
  await expect.poll(() => anchor.raises).toEqual([0, 60]);
  nowMs = 1999;
  await appendGroups(ledger, 60, 70, 10);
  await ledger.close();
  expect(anchor.raises).toEqual([0, 60, 70]);
  const again = await openTestLedger(files, { anchor });
  expect(anchor.raises).toEqual([0, 60, 70, 70]);
  await again.close();
});

test("without an answer of the anchor no ledger opens", async () => {
  const anchor = createMemoryAnchor();
  anchor.isAway = true;
  await expect(openTestLedger(new Map(), { anchor })).rejects.toMatchObject({
    code: "LEDGER_ANCHOR_UNAVAILABLE",
  });
});

test("an anchor that goes away under load is told, and raised when it is back", async () => {
  const anchor = createMemoryAnchor();
  const events: string[] = [];
  let nowMs = 0;
  const log = (_: string, message: string) => void events.push(message);
  const ledger = await openTestLedger(new Map(), { anchor, log, nowMs: () => nowMs });
  anchor.isAway = true;
  nowMs = 2000;
  await ledger.append(ballotOf(0));
  await expect.poll(() => events).toContain("ledger anchor was not raised");
  expect(ledger.status()).toEqual({ kind: "writable" });
  anchor.isAway = false;
  nowMs = 4000;
  await ledger.append(ballotOf(1));
  await expect.poll(() => anchor.value).toBe(2);
  await ledger.close();
});

test("an anchor that is ahead under load ends the taking: another ledger is the real one", async () => {
  const anchor = createMemoryAnchor();
  let nowMs = 0;
  const ledger = await openTestLedger(new Map(), { anchor, nowMs: () => nowMs });
  anchor.value = 1000;
  nowMs = 2000;
  await ledger.append(ballotOf(0));
  await expect
    .poll(() => ledger.status())
    .toMatchObject({ kind: "readOnly", code: "LEDGER_ROLLED_BACK" });
  await expect(ledger.append(ballotOf(1))).rejects.toMatchObject({ code: "LEDGER_READ_ONLY" });
});

test("other ballots in the place of the same number of ballots are LEDGER_ROLLED_BACK, again and again", async () => {
  const anchor = createMemoryAnchor();
  const genuine = new Map<string, Uint8Array>();
  const start = await openTestLedger(genuine, { anchor });
  await appendGroups(start, 0, 700, 50);
  await start.close();
  const forked = copyFiles(genuine);
  const real = await openTestLedger(genuine, { anchor });
  await real.append(ballotOf(800));
  await real.close();
  const other = await openTestLedger(forked);
  await other.append(ballotOf(900));
  await other.close();

  const rolledBack = { code: "LEDGER_ROLLED_BACK" };
  for (let i = 0; i < 2; i += 1) {
    await expect(openTestLedger(copyFiles(forked), { anchor })).rejects.toMatchObject(rolledBack);
  }
  const longer = await openTestLedger(forked);
  await appendGroups(longer, 1000, 1100, 50);
  await longer.close();
  await expect(openTestLedger(forked, { anchor })).rejects.toMatchObject(rolledBack);
  const again = await openTestLedger(genuine, { anchor });
  expect(again.size).toBe(701);
  await again.close();
});

test("of two processes over copies of one ledger and one counter the later one stops", async () => {
  const anchor = createMemoryAnchor();
  const files = new Map<string, Uint8Array>();
  const first = await openTestLedger(files, { anchor });
  await first.append(ballotOf(0));
  await first.close();
  const all = [copyFiles(files), copyFiles(files)];
  let nowMs = 0;
  const [one, two] = await Promise.all(
    all.map(async (copy) => await openTestLedger(copy, { anchor, nowMs: () => nowMs })),
  );
  for (const [number, ledger] of [one, two, one, two].entries()) {
    nowMs += 2000;
    await ledger?.append(ballotOf(10 + number)).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(one?.status()).toEqual({ kind: "writable" });
  expect(two?.status()).toMatchObject({ kind: "readOnly", code: "LEDGER_ROLLED_BACK" });
});
