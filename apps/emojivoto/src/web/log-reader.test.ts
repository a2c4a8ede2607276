import { expect, test } from "vitest";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";
import { createLogReader } from "./log-reader.ts";

test("a flood of reads is refused before it reaches the voting service, and reading goes on after it", async () => {
  const waiting: (() => void)[] = [];
  const unary = async (): Promise<Uint8Array> =>
    await new Promise((resolve) => {
      waiting.push(() => resolve(new Uint8Array(0)));
    });
  const reader = createLogReader({ voting: { unary }, deadlineMs: 1_000 });
  const reads = Array.from({ length: 1_000 }, async (_, index) => await reader.proof(index));
  const settled = Promise.allSettled(reads);
  await new Promise(setImmediate);
  expect(waiting.length).toBe(64);
  for (const answer of waiting.splice(0)) answer();
  const refused = (await settled).flatMap((one) => (one.status === "rejected" ? one.reason : []));
  expect(refused).toHaveLength(936);
  expect(refused[0]).toBeInstanceOf(RpcError);
  expect(refused[0]).toMatchObject({ grpcCode: rpcCode.resourceExhausted });

  const later = reader.proof(1);
  await new Promise(setImmediate);
  for (const answer of waiting) answer();
  expect(await later).toBe("");
});
