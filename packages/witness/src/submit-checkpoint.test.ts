import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { submitCheckpoint } from "./submit-checkpoint.ts";
import { createTestLog, type TestLog, testEntries } from "./testing/test-log.ts";
import {
  createTestWitnessKey,
  startTestWitness,
  type TestWitness,
} from "./testing/test-witness.ts";

let log: TestLog;
let witness: TestWitness;
const servers: Server[] = [];

beforeEach(async () => {
  log = createTestLog({ entries: testEntries(9) });
  witness = await startTestWitness({ logKeys: [log.key] });
});
afterEach(async () => {
  await witness.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Submits `to` of `of` from size `from`, to the witness or to another URL. */
async function submit(of: TestLog, from: number, to: number, url = witness.url) {
  return await submitCheckpoint({
    url,
    oldSize: from,
    proof: from === 0 || from >= to ? [] : of.consistency(from, to),
    checkpoint: of.checkpoint(to),
    witnessKey: witness.key,
    timeoutMs: 5_000,
  });
}

/** A server that gives one answer to everything. */
async function answering(status: number, body: string, headers = {}): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("submitCheckpoint", () => {
  test("gives the witness's cosignature and its time, whatever ends the prefix", async () => {
    const { signature, timeSeconds } = await submit(log, 0, 5, `${witness.url}/`);
    expect(signature).toMatchObject({ name: "witness.example/w1", keyHash: witness.key.keyHash });
    expect(Math.abs(timeSeconds - Date.now() / 1000)).toBeLessThan(60);
    await submit(log, 5, 9);
  });

  test("says WITNESS_CONFLICT with the size to prove from", async () => {
    await submit(log, 0, 5);
    await expect(submit(log, 0, 9)).rejects.toMatchObject({
      name: "WitnessError",
      code: "WITNESS_CONFLICT",
      size: 5,
      status: 409,
    });
  });

  test("says WITNESS_FORK for another history, of the same size or larger", async () => {
    await submit(log, 0, 5);
    const other = log.fork(4);
    other.append(...testEntries(5, "other"));
    await expect(submit(other, 5, 5)).rejects.toMatchObject({ code: "WITNESS_FORK", status: 409 });
    await expect(submit(other, 5, 9)).rejects.toMatchObject({ code: "WITNESS_FORK", status: 422 });
  });

  test("says WITNESS_FORK where a witness answers with the size that was asked from", async () => {
    const url = await answering(409, "5\n", { "content-type": "text/x.tlog.size" });
    await expect(submit(log, 5, 9, url)).rejects.toMatchObject({ code: "WITNESS_FORK" });
  });

  test("says WITNESS_REFUSED where the log is unknown or another has signed", async () => {
    const stranger = createTestLog({ origin: "log.example/stranger", entries: testEntries(9) });
    const impostor = createTestLog({ entries: testEntries(9) });
    await expect(submit(stranger, 0, 9)).rejects.toMatchObject({
      code: "WITNESS_REFUSED",
      status: 404,
    });
    await expect(submit(impostor, 0, 9)).rejects.toMatchObject({
      code: "WITNESS_REFUSED",
      status: 403,
    });
  });

  test("says WITNESS_UNREACHABLE where nobody listens, and where a server is in trouble", async () => {
    await expect(submit(log, 0, 9, "http://127.0.0.1:1")).rejects.toMatchObject({
      code: "WITNESS_UNREACHABLE",
    });
    for (const status of [429, 500, 503]) {
      await expect(submit(log, 0, 9, await answering(status, "later"))).rejects.toMatchObject({
        code: "WITNESS_UNREACHABLE",
        status,
      });
    }
  });

  test("says WITNESS_UNREACHABLE after its time limit, and the signal's reason when aborted", async () => {
    const server = createServer(() => undefined);
    servers.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = {
      url,
      oldSize: 0,
      proof: [],
      checkpoint: log.checkpoint(),
      witnessKey: witness.key,
    };
    await expect(submitCheckpoint({ ...options, timeoutMs: 50 })).rejects.toMatchObject({
      code: "WITNESS_UNREACHABLE",
    });
    const controller = new AbortController();
    const waiting = submitCheckpoint({ ...options, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  test.each([
    ["no line of a signature", 200, "hello\n"],
    ["nothing", 200, ""],
    ["more than any honest one", 200, "x".repeat(9_000)],
    ["a conflict without a size", 409, "no\n"],
    ["a conflict with a size that is none", 409, "01\n"],
    ["a redirect", 302, ""],
  ])("says WITNESS_ANSWER_MALFORMED for %s", async (_, status, body) => {
    const headers = { "content-type": "text/x.tlog.size", location: witness.url };
    const url = await answering(status, body, headers);
    await expect(submit(log, 0, 9, url)).rejects.toMatchObject({
      code: "WITNESS_ANSWER_MALFORMED",
    });
  });

  test("takes no cosignature of another checkpoint, of another key, or none of the witness", async () => {
    const lineOf = async (to: number) => {
      const fresh = await startTestWitness({ logKeys: [log.key] });
      const body = `old 0\n\n${log.checkpoint(to)}`;
      const answer = await fetch(`${fresh.url}/add-checkpoint`, { method: "POST", body });
      await fresh.close();
      return { line: await answer.text(), key: fresh.key };
    };
    const { line, key } = await lineOf(5);
    const url = await answering(200, line);
    const options = { url, oldSize: 0, proof: [], checkpoint: log.checkpoint(9) };
    await expect(submitCheckpoint({ ...options, witnessKey: key })).rejects.toMatchObject({
      code: "WITNESS_COSIGNATURE_INVALID",
    });
    const other = createTestWitnessKey().verifierKey;
    await expect(submitCheckpoint({ ...options, witnessKey: other })).rejects.toMatchObject({
      code: "WITNESS_ANSWER_MALFORMED",
    });
  });
});
