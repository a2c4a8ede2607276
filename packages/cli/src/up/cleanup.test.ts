import { expect, test } from "vitest";
import { createCleanup } from "./cleanup.ts";

test("undoes in reverse order, once, and goes on after a failure that it reports", async () => {
  const cleanup = createCleanup();
  const undone: number[] = [];
  cleanup.add(async () => await Promise.resolve(undone.push(1)));
  cleanup.add(async () => await Promise.reject(new Error("stuck")));
  cleanup.add(async () => await Promise.resolve(undone.push(3)));
  await expect(cleanup.run()).rejects.toThrow("stuck");
  await expect(cleanup.run()).rejects.toThrow("stuck");
  expect(undone).toEqual([3, 1]);
});
