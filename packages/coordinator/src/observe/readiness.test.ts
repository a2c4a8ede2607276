import { expect, test } from "vitest";
import { createReadinessProbe } from "./readiness.ts";

const STORE_FAILS = async () => {
  throw new TypeError("no store");
};
const STORE_HANGS = async () => await new Promise(() => undefined);
const STORE_ANSWERS = async () => undefined;

test.each([
  [0, STORE_ANSWERS, false, "reachable"],
  [1, STORE_ANSWERS, false, "reachable"],
  [2, STORE_ANSWERS, true, "reachable"],
  [3, STORE_ANSWERS, true, "reachable"],
  [3, STORE_FAILS, false, "unreachable"],
  [3, STORE_HANGS, false, "unreachable"],
])("state %i is judged with its store", async (code, probeStore, ready, store) => {
  const probe = createReadinessProbe({ state: () => code, probeStore, storeTimeoutMs: 20 });
  expect(await probe()).toEqual({ ready, state: code, store });
});

test("many probes at once ask the store once", async () => {
  let asked = 0;
  const probeStore = async () => {
    asked += 1;
  };
  const probe = createReadinessProbe({ state: () => 3, probeStore });
  await Promise.all(Array.from({ length: 100 }, async () => await probe()));
  expect(asked).toBe(1);
});
