import { AttestationError } from "@carrara/attestation";
import { expect, test } from "vitest";
import { mutate } from "./mutate/mutate.ts";
import { createRandom } from "./random.ts";
import { type RunOptions, runTarget } from "./run-target.ts";
import type { Target } from "./target.ts";

const GOOD = new TextEncoder().encode('{"a":1,"b":"2026-06-01T00:00:00Z"}');
const OPTIONS: RunOptions = { seed: 1, runs: 2000 };

function targetOf(changes: Partial<Target>): Target {
  return {
    name: "planted",
    kind: "parser",
    grammar: "json",
    seeds: [{ part: "whole", bytes: GOOD }],
    refusals: [AttestationError],
    maxBytes: 1024,
    weight: 1,
    read: () => {
      throw new AttestationError("VERIFIER_INPUT", "refused");
    },
    ...changes,
  };
}

async function faultsOf(changes: Partial<Target>, options = OPTIONS): Promise<string[]> {
  const { findings } = await runTarget(targetOf(changes), options);
  return findings.map(({ what }) => what);
}

function text(input: Uint8Array): string {
  return new TextDecoder().decode(input);
}

/** Keeps the thread busy. */
function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test("refusals of the named class are no findings", async () => {
  expect(await faultsOf({})).toEqual([]);
});

test.each<[string, string, Target["read"]]>([
  [
    "an error of another class",
    "threw RangeError: deep",
    () => {
      throw new RangeError("deep");
    },
  ],
  [
    "what is no error",
    "threw text",
    () => {
      // oxlint-disable-next-line typescript/only-throw-error -- the fault that is to be found
      throw "text";
    },
  ],
  ["a rejection", "threw TypeError: late", async () => await Promise.reject(new TypeError("late"))],
  [
    "an unforeseen failure that failed closed",
    "threw AttestationError: verification failed",
    () => {
      throw new AttestationError("VERIFIER_INPUT", "verification failed unexpectedly");
    },
  ],
])("%s is a finding", async (_, what, read) => {
  const faults = await faultsOf({ read });
  expect(faults).toHaveLength(3);
  expect(faults[0]).toContain(what);
});

test("a fault that only one member provokes is found", async () => {
  const read = (input: Uint8Array): void => {
    if (text(input).includes("__proto__")) throw new TypeError("inherited");
  };
  expect((await faultsOf({ read })).at(0)).toBe("threw TypeError: inherited");
});

test("a call that stays above 50 ms is a finding, one that does not is none", async () => {
  let calls = 0;
  const once = (): void => {
    calls += 1;
    if (calls === 1) spin(60);
  };
  expect(await faultsOf({ read: once }, { seed: 1, runs: 10 })).toEqual([]);
  const always = (): void => spin(60);
  const [slow] = await faultsOf({ read: always }, { seed: 1, runs: 1 });
  expect(slow).toMatch(/^took \d+ ms three times$/);
});

test("a reader that changes what all objects inherit is a finding", async () => {
  const pollute = (): void => void Object.assign(Object.prototype, { polluted: true });
  try {
    expect(await faultsOf({ read: pollute }, { seed: 1, runs: 1 })).toEqual([
      "gave all objects a new member",
    ]);
  } finally {
    Reflect.deleteProperty(Object.prototype, "polluted");
  }
});

test("what was changed and verifies is a finding, unless only what nobody relied on was changed", async () => {
  const verifier = { kind: "verifier", read: () => true } as const;
  const whole = { ...verifier, reliedOn: (input: Uint8Array) => [text(input)] };
  expect(new Set(await faultsOf(whole))).toEqual(
    new Set(["something that was changed has verified"]),
  );
  expect(await faultsOf({ ...verifier, reliedOn: () => ["nothing of it"] })).toEqual([]);
});

test("seed and name determine every input", async () => {
  const inputsOf = async (name: string, seed: number): Promise<string[]> => {
    const inputs: string[] = [];
    const read = (input: Uint8Array): void => void inputs.push(text(input));
    await runTarget(targetOf({ name, read }), { seed, runs: 200 });
    return inputs;
  };
  const first = await inputsOf("one", 1);
  expect(await inputsOf("one", 1)).toEqual(first);
  expect(await inputsOf("two", 1)).not.toEqual(first);
  expect(await inputsOf("one", 2)).not.toEqual(first);
});

test.each(["bytes", "der", "json", "pem", "cbor"] as const)(
  "mutants of %s stay within their bound and leave the original as it was",
  (grammar) => {
    const random = createRandom(3, grammar);
    const maxBytes = 4096;
    for (let i = 0; i < 2000; i += 1) {
      const input = random.oneIn(3) ? GOOD.slice() : random.bytes(1 + random.below(200));
      const before = input.slice();
      const mutant = mutate(input, grammar, { random, other: GOOD, maxBytes });
      expect(input).toEqual(before);
      expect(mutant.length).toBeLessThanOrEqual(maxBytes);
    }
  },
);
