import { expect, test } from "vitest";
import type { Anchor } from "./anchor.ts";
import { ballotOf } from "./testing/test-ballots.ts";
import { appendGroups, openTestLedger } from "./testing/test-ledger.ts";

/** A counter as the Coordinator keeps one, with every raise that it saw. */
function createCounter(): Anchor & { value: number; isAway: boolean; readonly raises: number[] } {
  const counter = {
    value: 0,
    isAway: false,
    raises: [] as number[],
    raise: async (size: number) => {
      if (counter.isAway) throw new Error("nobody answers");
      counter.raises.push(size);
      const before = counter.value;
      counter.value = Math.max(before, size);
      return before;
    },
  };
  return counter;
}

test("the anchor is raised at the start, once a second under load, and at the end", async () => {
  const anchor = createCounter();
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
  const anchor = createCounter();
  anchor.isAway = true;
  await expect(openTestLedger(new Map(), { anchor })).rejects.toMatchObject({
    code: "LEDGER_ANCHOR_UNAVAILABLE",
  });
});

test("an anchor that goes away under load is told, and raised when it is back", async () => {
  const anchor = createCounter();
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
  const anchor = createCounter();
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
