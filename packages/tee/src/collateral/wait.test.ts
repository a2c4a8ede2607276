import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { waitFor, withLimit } from "./wait.ts";

async function untilAborted(limit: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    limit.addEventListener("abort", () => reject(limit.reason));
  });
}

describe("a limit", () => {
  test("ends work after its time", async () => {
    await expect(withLimit(undefined, 5, untilAborted)).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  test("ends work with its caller", async () => {
    const abort = new AbortController();
    const work = withLimit(abort.signal, 5000, untilAborted);
    abort.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
    await expect(withLimit(abort.signal, 5000, untilAborted)).rejects.toThrow("enough");
  });

  test("ends with its work, and tells what that left behind", async () => {
    let seen: AbortSignal | undefined;
    const result = await withLimit(undefined, 5000, async (limit) => {
      seen = limit;
      expect(limit.aborted).toBe(false);
      return await Promise.resolve(7);
    });
    expect(result).toBe(7);
    expect(seen?.aborted).toBe(true);
  });
});

describe("waiting for shared work", () => {
  test("ends with the signal, and not the work", async () => {
    const shared = setTimeout(20, "done");
    await expect(waitFor(shared, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(await waitFor(shared, undefined)).toBe("done");
    expect(await waitFor(shared, new AbortController().signal)).toBe("done");
  });

  test("passes on what the work throws", async () => {
    const signal = new AbortController().signal;
    await expect(waitFor(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
  });
});
