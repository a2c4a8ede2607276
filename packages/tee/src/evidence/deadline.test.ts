import { describe, expect, test } from "vitest";
import { errorCodeOf } from "../testing/error-code.ts";
import { withDeadline } from "./deadline.ts";

describe("a deadline", () => {
  test("passes on what the task gives in time, result or error", async () => {
    expect(await withDeadline(1000, async () => 1)).toBe(1);
    const failure = new Error("task");
    const failing = withDeadline(1000, async () => await Promise.reject(failure));
    await expect(failing).rejects.toBe(failure);
  });

  test("is EVIDENCE_IO for a task that hangs, and what it does later is nobody's", async () => {
    let fail: (error: Error) => void = () => undefined;
    const hanging = withDeadline(
      5,
      async () =>
        await new Promise<never>((_, reject) => {
          fail = reject;
        }),
    );
    expect(await errorCodeOf(hanging)).toBe("EVIDENCE_IO");
    fail(new Error("late"));
  });
});
