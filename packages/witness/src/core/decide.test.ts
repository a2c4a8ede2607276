import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createTestLog, type TestLog, testEntries } from "../testing/test-log.ts";
import { type Claim, type Decision, decide, type TreeHead } from "./decide.ts";

const log = createTestLog({ entries: testEntries(20) });

function headOf(of: TestLog, size: number): TreeHead {
  return { size, root: of.root(size) };
}

function claim(
  of: TestLog,
  from: number,
  to: number,
  change: Partial<Claim["submission"]> = {},
): Claim {
  const checkpoint = { origin: of.key.name, size: to, root: of.root(to) };
  const proof = from === 0 || from > to ? [] : of.consistency(from, to);
  return { submission: { oldSize: from, proof, checkpoint, ...change }, signed: true };
}

function statusOf(decision: Decision): number {
  if (decision.kind === "refuse") return decision.status;
  return decision.kind === "cosign" ? 200 : 409;
}

describe("a witness that cosigned size 7", () => {
  const seven = headOf(log, 7);
  const other = log.fork(6);
  other.append(...testEntries(14, "other"));
  const extra = [new Uint8Array(32)];

  test.each<[string, Claim, number]>([
    ["a larger tree with its proof", claim(log, 7, 20), 200],
    ["the same tree again", claim(log, 7, 7), 200],
    ["a proof from 0", claim(log, 0, 20), 409],
    ["a proof from an older size", claim(log, 3, 20), 409],
    ["a proof from a newer size", claim(log, 9, 20), 409],
    ["another tree of the same size", claim(other, 7, 7), 409],
    ["another tree of the same size, with a proof", claim(other, 7, 7, { proof: extra }), 409],
    ["a larger tree of another history", claim(other, 7, 20), 422],
    ["a larger tree without proof", claim(log, 7, 20, { proof: [] }), 422],
    [
      "a proof with a hash too many",
      claim(log, 7, 20, { proof: [...log.consistency(7), ...extra] }),
      422,
    ],
    ["a proof with a hash too few", claim(log, 7, 20, { proof: log.consistency(7).slice(1) }), 422],
    ["the same tree with a proof of nothing", claim(log, 7, 7, { proof: extra }), 422],
    ["an old size above the new one", claim(log, 7, 6), 400],
    ["an old size that is wrong and above the new one", claim(log, 9, 6), 400],
    ["a checkpoint that nobody signed", { ...claim(log, 7, 20), signed: false }, 403],
    ["an unsigned one with a wrong size", { ...claim(log, 9, 6), signed: false }, 403],
  ])("answers %s", (_, given, status) => {
    expect(statusOf(decide(seven, given))).toBe(status);
  });

  test("tells a log that starts elsewhere where to start", () => {
    expect(decide(seven, claim(log, 3, 20))).toEqual({ kind: "conflict", size: 7 });
    expect(decide(seven, claim(other, 7, 7))).toEqual({ kind: "fork" });
  });
});

describe("a witness that cosigned nothing", () => {
  const empty = headOf(log, 0);

  test.each<[string, Claim, number]>([
    ["any first tree", claim(log, 0, 20), 200],
    ["the empty tree", claim(log, 0, 0), 200],
    ["a first tree with a proof", claim(log, 0, 20, { proof: [new Uint8Array(32)] }), 422],
    ["a first tree with an old size", claim(log, 5, 20), 409],
    [
      "an empty tree with the root of another",
      claim(log, 0, 0, { checkpoint: { origin: log.key.name, size: 0, root: log.root(1) } }),
      409,
    ],
  ])("answers %s", (_, given, status) => {
    expect(statusOf(decide(empty, given))).toBe(status);
  });

  test("answers 404 for a log that it does not know, signed or not", () => {
    for (const signed of [true, false]) {
      expect(statusOf(decide(undefined, { ...claim(log, 0, 20), signed }))).toBe(404);
    }
  });
});

test("whatever two histories ask for in whatever order, one of them is cosigned", () => {
  const step = fc.record({
    fork: fc.boolean(),
    from: fc.option(fc.nat(20), { nil: undefined }),
    to: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.nat(19), fc.array(step, { maxLength: 30 }), (common, steps) => {
      const other = log.fork(common);
      other.append(...testEntries(20 - common, "other"));
      let head = headOf(log, 0);
      const cosigned: TreeHead[] = [];
      for (const { fork, from = head.size, to } of steps) {
        const decision = decide(head, claim(fork ? other : log, from, to));
        if (decision.kind !== "cosign") continue;
        expect(decision.head.size).toBeGreaterThanOrEqual(head.size);
        head = decision.head;
        cosigned.push(head);
      }
      const isOf = (of: TestLog) => cosigned.every(({ size, root }) => equal(of.root(size), root));
      expect(isOf(log) || isOf(other)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
