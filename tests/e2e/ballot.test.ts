import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  auditLog,
  checkReceipt,
  createBallot,
  type KeysStatement,
  outcome,
  type Receipt,
  verifyTally,
} from "@carrara/ballot";
import { parseEvidenceBundle, verifyEvidenceBundle } from "@carrara/client/evidence";
import { parseTlogProof } from "@carrara/transparency";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  askWeb,
  attestedKeys,
  boardOf,
  castSealed,
  codeOf,
  receiptIn,
  sendBallot,
  voteForReceipt,
} from "./support/ballots.ts";
import { startEmojivoto, type TestMesh, vote } from "./support/mesh.ts";

let running: TestMesh;
let keys: KeysStatement;

beforeAll(async () => {
  running = await startEmojivoto();
  keys = await attestedKeys(running);
});
afterAll(async () => {
  await running.stop();
});

const JOY = 2;
const DOUGHNUT = 69;
const NO_SUCH_CHOICE = 101;
const text = async (path: string): Promise<string> =>
  (await askWeb(running, "GET", path)).body.toString();
const publishedSize = async (): Promise<number> =>
  Number((await text("/api/v2/ballot/checkpoint")).split("\n")[1]);

async function restart(image = "voting-svc"): Promise<void> {
  await running.mesh.stopMarble("voting-svc");
  await running.mesh.launchMarble("voting-svc", { image });
  await running.mesh.waitForWeb();
  keys = await attestedKeys(running);
}

/** The board of a tree of `treeSize` ballots, which is pushed a moment after the answers. */
async function boardAt(treeSize: number): ReturnType<typeof boardOf> {
  await expect.poll(async () => (await boardOf(running)).treeSize).toBe(treeSize);
  return await boardOf(running);
}

async function check(receipt: Receipt | undefined): Promise<{ index: number; size: number }> {
  if (receipt === undefined) throw new Error("no receipt");
  return await checkReceipt(receipt, { logKey: keys.logKey });
}

describe("a plain vote", () => {
  test("has a receipt that the attested log key proves", async () => {
    const answer = await voteForReceipt(running, "joy");
    expect(answer.status).toBe(200);
    const { index, size } = await check(receiptIn(answer));
    expect(index).toBeLessThan(size);
  });

  test("is counted once under one Idempotency-Key, with the same place in the log", async () => {
    const first = receiptIn(await voteForReceipt(running, "taco", "key-1"));
    const again = receiptIn(await voteForReceipt(running, "taco", "key-1"));
    expect(again.commitment).toEqual(first.commitment);
    expect((await check(again)).index).toBe((await check(first)).index);
    const reused = await voteForReceipt(running, "pizza", "key-1");
    expect([reused.status, codeOf(reused)]).toEqual([409, "IDEMPOTENCY_KEY_REUSED"]);
    const next = await check(receiptIn(await voteForReceipt(running, "joy")));
    expect(next.size).toBe((await check(first)).size + 1);
  });

  test("of many at once has a receipt for each", async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, async () => await voteForReceipt(running, "ghost")),
    );
    const checked = await Promise.all(answers.map(async (one) => await check(receiptIn(one))));
    expect(new Set(checked.map(({ index }) => index)).size).toBe(100);
  });

  test.each([
    ["another key's characters", { "idempotency-key": "a b" }, 400, "IDEMPOTENCY_KEY_INVALID"],
    ["no choice", {}, 400, "CHOICE_UNKNOWN"],
    ["another type", { "content-type": "text/plain" }, 415, "CONTENT_TYPE_UNSUPPORTED"],
  ])("with %s is refused by its code", async (_, change, status, code) => {
    const headers = { "content-type": "application/x-www-form-urlencoded", ...change };
    const answer = await askWeb(running, "POST", "/api/v2/vote", { headers, body: "choice=x" });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });
});

describe("a sealed ballot", () => {
  test("is counted, and only its sender can open the receipt", async () => {
    const before = (await boardOf(running)).votes[":joy:"] ?? 0;
    const { answer, receipt } = await castSealed(running, keys, createBallot(JOY));
    expect(answer.outcome).toBe(outcome.counted);
    await check(receipt);
    await expect.poll(async () => (await boardOf(running)).votes[":joy:"]).toBe(before + 1);
  });

  test("is counted once when it is replayed or sealed again under its id", async () => {
    const ballot = createBallot(JOY);
    const first = await castSealed(running, keys, ballot);
    const again = await castSealed(running, keys, ballot);
    expect(again.answer).toMatchObject({ outcome: outcome.counted, index: first.answer.index });
    const replayed = await sendBallot(running, first.bytes);
    expect([replayed.status, replayed.body.length]).toEqual([200, 1564]);
    const other = await castSealed(running, keys, {
      ...createBallot(3),
      ballotId: ballot.ballotId,
    });
    expect(other.answer.outcome).toBe(outcome.idReused);
  });

  test.each([
    ["the doughnut of version 1", DOUGHNUT, outcome.refused],
    ["a choice that does not exist", NO_SUCH_CHOICE, outcome.noSuchChoice],
  ])("for %s is told to its sender alone", async (_, choice, wanted) => {
    const { answer } = await castSealed(running, keys, createBallot(choice));
    expect(answer).toEqual({ outcome: wanted, index: 0, proof: [], checkpoint: "" });
  });

  test("that is cut, long, changed or of another key is refused by its code", async () => {
    const { bytes } = await castSealed(running, keys, createBallot(JOY));
    const flipped = (at: number): Uint8Array =>
      bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const table: [Uint8Array, number, string][] = [
      [new Uint8Array(0), 400, "BALLOT_MALFORMED"],
      [bytes.subarray(1), 400, "BALLOT_MALFORMED"],
      [Buffer.concat([bytes, bytes]), 413, "REQUEST_TOO_LARGE"],
      [new Uint8Array(123), 422, "BALLOT_KEY_UNKNOWN"],
      [flipped(3), 422, "BALLOT_KEY_UNKNOWN"],
      [flipped(8), 400, "BALLOT_MALFORMED"],
      [bytes.with(39, (bytes[39] ?? 0) ^ 0x80), 400, "BALLOT_MALFORMED"],
      [bytes.map((byte, i) => (i < 8 || i >= 40 ? byte : 0)), 400, "BALLOT_MALFORMED"],
      [flipped(40), 400, "BALLOT_MALFORMED"],
      [flipped(80), 400, "BALLOT_MALFORMED"],
      [flipped(122), 400, "BALLOT_MALFORMED"],
    ];
    const size = async (): Promise<number> =>
      (await check(receiptIn(await voteForReceipt(running, "joy")))).size;
    const before = await size();
    for (const [sent, status, code] of table) {
      const answer = await sendBallot(running, sent);
      expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    }
    expect(await size()).toBe(before + 1);
  });
});

describe("the public log", () => {
  test("proves every ballot to the published checkpoint, and that it only grew", async () => {
    const { size } = await check(receiptIn(await voteForReceipt(running, "joy")));
    await expect.poll(publishedSize).toBe(size);
    const older = await text("/api/v2/ballot/checkpoint");
    for (const index of [0, 1, size - 1]) {
      expect(parseTlogProof(await text(`/api/v2/ballot/proof?index=${index}`)).index).toBe(index);
    }
    await voteForReceipt(running, "joy");
    await expect.poll(publishedSize).toBe(size + 1);
    const newer = await text("/api/v2/ballot/checkpoint");
    const path = `/api/v2/ballot/consistency?from=${size}&to=${size + 1}`;
    const { hashes } = JSON.parse(await text(path)) as { hashes: string[] };
    const report = await auditLog({
      older,
      newer,
      consistency: hashes.map((hash) => Buffer.from(hash, "base64")),
      tally: await text("/api/v2/ballot/tally"),
      logKey: keys.logKey,
    });
    expect(report).toBeDefined();
    const tally = await verifyTally(await text("/api/v2/ballot/tally"), keys.logKey);
    expect(tally.counted).toBe(size + 1);
  });

  test.each([
    ["proof?index=1000000", 404, "PROOF_NOT_FOUND"],
    ["proof?index=-1", 400, "QUERY_INVALID"],
    ["proof", 400, "QUERY_INVALID"],
    ["consistency?from=2&to=1", 400, "QUERY_INVALID"],
    ["consistency?from=0&to=1000000", 404, "PROOF_NOT_FOUND"],
    ["tile/0/x999/000", 404, "PROOF_NOT_FOUND"],
    ["tile/0/../000", 404, "PROOF_NOT_FOUND"],
  ])("has no %s", async (path, status, code) => {
    const answer = await askWeb(running, "GET", `/api/v2/ballot/${path}`);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
  });

  test("is read from any origin, and votes are not taken from another site", async () => {
    const { headers } = await askWeb(running, "GET", "/api/v2/ballot/checkpoint");
    expect(headers["access-control-allow-origin"]).toBe("*");
    const other = { "sec-fetch-site": "cross-site", "content-type": "application/octet-stream" };
    const answer = await askWeb(running, "POST", "/api/v2/ballot", { headers: other });
    expect([answer.status, codeOf(answer)]).toEqual([403, "CROSS_SITE_REFUSED"]);
  });
});

test("the evidence bundle verifies, as a simulation, with all that is in it", async () => {
  const bundle = parseEvidenceBundle(await text("/api/v2/evidence"));
  const report = await verifyEvidenceBundle({
    bundle,
    policy: { insecure: true },
    now: new Date(),
  });
  const failed = report.findings.filter(({ verdict }) => verdict === "failed");
  expect(failed).toEqual([]);
  expect(report.verdict).toBe("simulation");
  expect(report.facts.site).toBeDefined();
  expect(report.facts.tally).toBeDefined();
});

describe("a restart of the voting service", () => {
  test("keeps votes and receipts; a ballot to the old key is a 422, and counts when sealed again", async () => {
    const receipt = receiptIn(await voteForReceipt(running, "rocket", "before"));
    const ballot = createBallot(JOY);
    const stale = keys;
    const before = await boardAt((await check(receipt)).size);
    await restart();
    await expect.poll(async () => await boardOf(running)).toMatchObject({ total: before.total });
    expect((await boardOf(running)).votes).toEqual(before.votes);
    await check(receipt);
    await expect(castSealed(running, stale, ballot)).rejects.toThrow("422 BALLOT_KEY_UNKNOWN");
    expect((await castSealed(running, keys, ballot)).answer.outcome).toBe(outcome.counted);
    // What was acknowledged before is known afterwards.
    const again = await check(receiptIn(await voteForReceipt(running, "rocket", "before")));
    expect(again.index).toBe((await check(receipt)).index);
  });

  test("by kill -9 under load loses nothing that was acknowledged, and invents nothing", async () => {
    const voting = running.mesh.marbles.get("voting-svc");
    const { total } = await boardOf(running);
    const acknowledged: Receipt[] = [];
    let sent = 0;
    let stop = false;
    const voter = async (): Promise<void> => {
      while (!stop) {
        sent += 1;
        const answer = await voteForReceipt(running, "balloon").catch(() => undefined);
        if (answer?.status === 200) acknowledged.push(receiptIn(answer));
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const voters = Array.from({ length: 8 }, voter);
    await expect.poll(() => acknowledged.length, { timeout: 20_000 }).toBeGreaterThan(200);
    process.kill(voting?.pid ?? 0, "SIGKILL");
    await voting?.exited;
    stop = true;
    await Promise.all(voters);
    await restart();
    await Promise.all(acknowledged.map(check));
    const now = await boardOf(running);
    expect(now.total - total).toBeGreaterThanOrEqual(acknowledged.length);
    expect(now.total - total).toBeLessThanOrEqual(sent);
    await expect.poll(publishedSize).toBe(now.treeSize);
    for (const one of acknowledged.slice(-5)) {
      const { index } = await check(one);
      expect(parseTlogProof(await text(`/api/v2/ballot/proof?index=${index}`)).index).toBe(index);
    }
  });

  test("with the fixed version keeps votes and counts the doughnut", async () => {
    const { size } = await check(receiptIn(await voteForReceipt(running, "joy")));
    const before = await boardAt(size);
    await restart("voting-svc-fix");
    expect((await vote(running, "doughnut")).status).toBe(200);
    await expect
      .poll(async () => await boardOf(running))
      .toMatchObject({ total: before.total + 1, votes: { ...before.votes, ":doughnut:": 1 } });
  });
});

describe("a ledger that is not as it was left", () => {
  const directory = (): string => join(running.mesh.files.marble("voting-svc").data, "ledger");

  /** What the voting service says when it is started over the changed ledger. */
  async function refusal(change: (dir: string) => Promise<void>): Promise<string> {
    await running.mesh.stopMarble("voting-svc");
    const kept = `${directory()}.kept`;
    await cp(directory(), kept, { recursive: true });
    await change(directory());
    const child = await running.mesh.launchMarble("voting-svc", { supervised: false });
    await child.exited;
    await rm(directory(), { recursive: true });
    await cp(kept, directory(), { recursive: true });
    await rm(kept, { recursive: true });
    await running.mesh.launchMarble("voting-svc");
    await running.mesh.waitForWeb();
    keys = await attestedKeys(running);
    return child.log.tail();
  }
  const segments = async (dir: string): Promise<string[]> =>
    (await readdir(dir)).filter((name) => name.startsWith("segment-")).sort();

  test("with one bit flipped is refused", async () => {
    const said = await refusal(async (dir) => {
      const file = join(dir, (await segments(dir))[0] ?? "");
      const bytes = await readFile(file);
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      await writeFile(file, bytes);
    });
    expect(said).toContain('"code":"LEDGER_TAMPERED"');
  });

  test("without one of its files is refused", async () => {
    const said = await refusal(async (dir) => {
      await rm(join(dir, (await segments(dir))[0] ?? ""));
    });
    expect(said).toContain('"code":"LEDGER_SEGMENT_MISSING"');
  });

  test("put back as a whole to an earlier state is refused, and so is an empty one", async () => {
    const earlier = `${directory()}.earlier`;
    await running.mesh.stopMarble("voting-svc");
    await cp(directory(), earlier, { recursive: true });
    await running.mesh.launchMarble("voting-svc");
    await running.mesh.waitForWeb();
    keys = await attestedKeys(running);
    await voteForReceipt(running, "joy");
    const said = await refusal(async (dir) => {
      await rm(dir, { recursive: true });
      await cp(earlier, dir, { recursive: true });
    });
    expect(said).toContain('"code":"LEDGER_ROLLED_BACK"');
    expect(await refusal(async (dir) => await rm(dir, { recursive: true }))).toContain(
      '"code":"LEDGER_ROLLED_BACK"',
    );
  });

  test("of a marble that got another UUID is refused", async () => {
    const { uuid } = running.mesh.files.marble("voting-svc");
    const own = await readFile(uuid);
    await running.mesh.stopMarble("voting-svc");
    await rm(uuid);
    // The second start has the UUID of the first, which must have left nothing at the Coordinator.
    for (let start = 0; start < 2; start += 1) {
      const child = await running.mesh.launchMarble("voting-svc", { supervised: false });
      await child.exited;
      expect(child.log.tail()).toContain("ANCHOR_MISSING");
    }
    await writeFile(uuid, own);
    await running.mesh.launchMarble("voting-svc");
    await running.mesh.waitForWeb();
  });
});
