import { connect } from "node:net";
import { utf8 } from "@carrara/encoding";
import { parseNote, verifyCosignature } from "@carrara/transparency";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeSubmission, MAX_SUBMISSION_BYTES } from "./core/submission.ts";
import { createTestLog, type TestLog, testEntries } from "./testing/test-log.ts";
import { startTestWitness, type TestWitness } from "./testing/test-witness.ts";

const NOW = new Date("2026-12-01T10:00:00Z");

const TEXT = "text/plain; charset=utf-8";

let log: TestLog;
let witness: TestWitness;

beforeEach(async () => {
  log = createTestLog({ entries: testEntries(9) });
  witness = await startTestWitness({ logKeys: [log.key], now: () => NOW });
});
afterEach(async () => await witness.close());

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

async function post(body: Uint8Array | string): Promise<Answer> {
  const sent = typeof body === "string" ? body : Buffer.from(body);
  const response = await fetch(`${witness.url}/add-checkpoint`, { method: "POST", body: sent });
  const type = response.headers.get("content-type");
  return { status: response.status, type, body: await response.text() };
}

async function submit(of: TestLog, from: number, to: number, proof?: readonly Uint8Array[]) {
  const proven = proof ?? (from === 0 || from > to ? [] : of.consistency(from, to));
  return await post(
    encodeSubmission({ oldSize: from, proof: proven, checkpoint: of.checkpoint(to) }),
  );
}

describe("add-checkpoint", () => {
  test("gives a cosignature over the checkpoint, one line, with the time", async () => {
    const { status, body } = await submit(log, 0, 9);
    expect(status).toBe(200);
    expect(body).toMatch(/^— witness\.example\/w1 [A-Za-z0-9+/]+=*\n$/);
    const note = parseNote(`${log.checkpoint()}${body}`);
    expect(await verifyCosignature(note, witness.key)).toEqual({ timeSeconds: +NOW / 1000 });
    expect(witness.events).toEqual([
      { event: "checkpoint cosigned", origin: log.key.name, size: 9 },
    ]);
  });

  test("goes on from the size that was cosigned, and repeats itself", async () => {
    expect((await submit(log, 0, 3)).status).toBe(200);
    expect((await submit(log, 3, 7)).status).toBe(200);
    expect((await submit(log, 7, 7)).status).toBe(200);
    expect((await submit(log, 7, 9)).status).toBe(200);
  });

  test("answers 409 with the size to start from, in the form of the protocol", async () => {
    const conflict = (size: number) => ({
      status: 409,
      type: "text/x.tlog.size",
      body: `${size}\n`,
    });
    expect(await submit(log, 3, 9)).toEqual(conflict(0));
    await submit(log, 0, 7);
    expect(await submit(log, 0, 9)).toEqual(conflict(7));
    const other = log.fork(6);
    other.append(...testEntries(3, "other"));
    // No size: there is none to prove from.
    expect(await submit(other, 7, 7)).toMatchObject({ status: 409, type: TEXT });
    expect(witness.events.at(-1)).toEqual({
      event: "fork seen",
      origin: log.key.name,
      size: 7,
      note: other.checkpoint(7),
    });
  });

  test("answers 422 to a tree that did not grow out of the last one", async () => {
    await submit(log, 0, 7);
    const other = log.fork(6);
    other.append(...testEntries(3, "other"));
    expect(await submit(other, 7, 9)).toMatchObject({ status: 422 });
    expect(await submit(log, 7, 9, [])).toMatchObject({ status: 422 });
    expect(await submit(log, 7, 9)).toMatchObject({ status: 200 });
  });

  test("answers 404 to a log that it does not know", async () => {
    const stranger = createTestLog({ origin: "log.example/stranger", entries: testEntries(2) });
    expect(await submit(stranger, 0, 2)).toMatchObject({ status: 404 });
  });

  test("answers 403 where the log's name is signed by another key", async () => {
    const impostor = createTestLog({ entries: testEntries(2) });
    expect(await submit(impostor, 0, 2)).toMatchObject({ status: 403 });
    const changed = log.checkpoint().replace("\n9\n", "\n8\n");
    const body = encodeSubmission({ oldSize: 0, proof: [], checkpoint: changed });
    expect(await post(body)).toMatchObject({ status: 403 });
  });

  test("answers 400 to an old size above the checkpoint's, and to what is malformed", async () => {
    expect(await submit(log, 9, 3)).toMatchObject({ status: 400 });
    expect(await post("")).toMatchObject({ status: 400 });
    expect(await post("old 0\n")).toMatchObject({ status: 400 });
    const tooMany = Array.from({ length: 64 }, () => new Uint8Array(32));
    expect(await submit(log, 0, 9, tooMany)).toMatchObject({ status: 400 });
  });

  test("answers 400 to a body beyond the limit, declared or not", async () => {
    const long = "x".repeat(MAX_SUBMISSION_BYTES + 1);
    expect(await post(long)).toMatchObject({ status: 400 });
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(utf8(long));
        controller.close();
      },
    });
    const options: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    const response = await fetch(`${witness.url}/add-checkpoint`, options);
    expect(response.status).toBe(400);
    expect(await submit(log, 0, 9)).toMatchObject({ status: 200 });
  });

  test("of requests at once lets one go first, and no older one undo it", async () => {
    const answers = await Promise.all(
      Array.from({ length: 9 }, async (_, index) => await submit(log, 0, index + 1)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const winner = answers.findIndex(({ status }) => status === 200) + 1;
    expect(await submit(log, winner, 9)).toMatchObject({ status: 200 });
  });
});

test("whatever is sent is answered with a status of the protocol, and nothing is cosigned", async () => {
  const good = encodeSubmission({ oldSize: 0, proof: [], checkpoint: log.checkpoint() });
  const damaged = fc
    .tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
    .map(([at, change]) => good.map((byte, index) => (index === at ? byte ^ change : byte)));
  const cut = fc.nat(good.length - 1).map((length) => good.slice(0, length));
  const input = fc.oneof(fc.uint8Array({ maxLength: 400 }), damaged, cut);
  await fc.assert(
    fc.asyncProperty(input, async (bytes) => {
      expect([400, 403, 404, 409]).toContain((await post(bytes)).status);
    }),
    { numRuns: 300 },
  );
  expect(witness.events.filter(({ event }) => event === "checkpoint cosigned")).toEqual([]);
});

describe("the server", () => {
  test.each([
    ["/", "POST", 404],
    ["/add-checkpoint/", "POST", 404],
    ["/add-checkpoint?x", "POST", 404],
    ["/add-checkpoint", "GET", 405],
    ["/add-checkpoint", "PUT", 405],
  ])("answers %s %s with %d", async (path, method, status) => {
    const response = await fetch(`${witness.url}${path}`, { method });
    expect(response.status).toBe(status);
  });

  test("keeps a connection for the next request, and survives one that breaks off", async () => {
    const { port } = new URL(witness.url);
    const request = (body: string) =>
      `POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const socket = connect(Number(port), "127.0.0.1");
    let received = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      received += String(chunk);
    });
    socket.write(request("old 1\n") + request("old 2\n"));
    await expect.poll(() => received.match(/HTTP\/1\.1 400/g)?.length).toBe(2);
    socket.write("POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nold");
    socket.destroy();
    expect(await submit(log, 0, 9)).toMatchObject({ status: 200 });
  });

  test("may be closed twice", async () => {
    await witness.close();
    await witness.close();
  });
});
