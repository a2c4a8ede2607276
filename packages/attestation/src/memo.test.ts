import { expect, test } from "vitest";
import { createMemo } from "./memo.ts";

/** A memo and a log of what it had to make. */
function watched(capacity: number): {
  get: (...parts: string[]) => Promise<string>;
  made: string[];
} {
  const made: string[] = [];
  const memo = createMemo<string>(capacity);
  const get = async (...parts: string[]): Promise<string> =>
    await memo.get(parts, async () => {
      made.push(parts.join("+"));
      await Promise.resolve();
      return `value of ${parts.join("+")}`;
    });
  return { get, made };
}

test("remembers by the whole key, part by part", async () => {
  const { get, made } = watched(8);
  for (const parts of [["a", "bc"], ["ab", "c"], ["a", "bc"], ["abc"], ["a", "bc", ""]]) {
    expect(await get(...parts)).toBe(`value of ${parts.join("+")}`);
  }
  expect(made).toEqual(["a+bc", "ab+c", "abc", "a+bc+"]);
});

test("forgets what was used longest ago", async () => {
  const { get, made } = watched(2);
  for (const part of ["a", "b", "a", "c", "a", "b"]) await get(part);
  expect(made).toEqual(["a", "b", "c", "b"]);
});

test("keeps no failure", async () => {
  const memo = createMemo<string>(2);
  const fail = async (): Promise<string> => await Promise.reject(new Error("no"));
  await expect(memo.get(["a"], fail)).rejects.toThrow("no");
  expect(await memo.get(["a"], async () => await Promise.resolve("yes"))).toBe("yes");
});

test("callers that miss together take one place", async () => {
  const { get, made } = watched(2);
  await get("other");
  await Promise.all(Array.from({ length: 10 }, async () => await get("a")));
  const before = made.length;
  await get("other");
  await get("a");
  expect(made).toHaveLength(before);
});
