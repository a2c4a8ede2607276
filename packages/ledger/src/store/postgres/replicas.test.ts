import { findPostgres, type PostgresServer, startPostgres } from "@carrara/postgres/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ledger } from "../../ledger.ts";
import { type LedgerOptions, openLedger } from "../../open-ledger.ts";
import { ballotOf } from "../../testing/test-ballots.ts";
import { appendGroups, TEST_KEY } from "../../testing/test-ledger.ts";
import { createPostgresStore } from "./postgres-store.ts";

const bin = findPostgres(process.env);

describe.skipIf(bin === undefined)("a ledger in PostgreSQL", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgres(bin ?? "");
  }, 60_000);
  afterAll(async () => await server.close());

  const open = async (poll: string, changes: Partial<LedgerOptions> = {}): Promise<Ledger> =>
    await openLedger({
      store: createPostgresStore({ url: server.url }),
      key: TEST_KEY,
      poll,
      rules: { revote: "unlimited" },
      volumeBallots: 512,
      ...changes,
    });
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => from + i);

  test("is one tree and one count for replicas that append at once", async () => {
    const replicas = await Promise.all([open("many"), open("many"), open("many")]);
    const outcomes = await Promise.all(
      numbers(0, 1500).map(async (n) => await replicas[n % 3]?.append(ballotOf(n))),
    );
    const indexes = outcomes.flatMap((outcome) =>
      outcome?.kind === "appended" ? outcome.index : [],
    );
    expect([...indexes].sort((a, b) => a - b)).toEqual(numbers(0, 1500));
    for (const replica of replicas) {
      await replica.refresh();
      expect(replica.checkpoint()).toEqual(replicas[0].checkpoint());
      expect(replica.tallies()).toEqual(replicas[0].tallies());
    }
    await Promise.all(replicas.map(async (replica) => await replica.close()));
    const later = await open("many");
    expect(later.size).toBe(1500);
    await later.close();
  });

  test("goes on in the next volume where another replica began it", async () => {
    const [one, other] = [await open("next"), await open("next")];
    await appendGroups(one, 0, 512, 128);
    await appendGroups(other, 512, 520, 8);
    await one.refresh();
    expect(one.status()).toEqual({ kind: "writable" });
    expect(one.size).toBe(520);
    await appendGroups(one, 520, 530, 10);
    expect(one.size).toBe(530);
    await Promise.all([one.close(), other.close()]);
  });

  test("counts a ballot once that two replicas are given at once", async () => {
    const [one, other] = [await open("twice"), await open("twice")];
    const outcomes = await Promise.all(
      numbers(0, 50).flatMap((n) => [one.append(ballotOf(n)), other.append(ballotOf(n))]),
    );
    const kinds = outcomes.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "appended")).toHaveLength(50);
    expect(kinds.filter((kind) => kind === "known")).toHaveLength(50);
    await Promise.all([one.close(), other.close()]);
  });

  test("tells a replica without votes of its own what others appended", async () => {
    const [one, other] = [await open("news"), await open("news")];
    const sizes: number[] = [];
    other.onCommit(({ size }) => void sizes.push(size));
    await appendGroups(one, 0, 30, 30);
    await expect.poll(() => sizes.at(-1), { timeout: 5000 }).toBe(30);
    expect(other.checkpoint()).toEqual(one.checkpoint());
    expect((await other.proof(29)).length).toBeGreaterThan(0);
    await Promise.all([one.close(), other.close()]);
  });

  test("refuses and goes on while the server is away, and loses nothing", async () => {
    const ledger = await open("away");
    await appendGroups(ledger, 0, 20, 10);
    const restarted = server.crashAndRestart();
    const during = await Promise.allSettled(
      numbers(20, 40).map(async (n) => await ledger.append(ballotOf(n))),
    );
    await restarted;
    for (const outcome of during) {
      if (outcome.status === "rejected") {
        expect(outcome.reason).toMatchObject({ code: "LEDGER_WRITE_FAILED" });
      }
    }
    expect(ledger.status()).toEqual({ kind: "writable" });
    for (const n of numbers(0, 40)) {
      expect((await ledger.append(ballotOf(n))).kind).toMatch(/^(known|appended)$/);
    }
    expect(ledger.size).toBe(40);
    await ledger.close();
  });

  test.each([
    [
      "a changed byte",
      "UPDATE carrara_ledger_group SET bytes = set_byte(bytes, 90, (get_byte(bytes, 90) + 1) % 256) WHERE poll = 'P' AND first_index = 600",
      "LEDGER_TAMPERED",
    ],
    [
      "a changed byte in a full volume",
      "UPDATE carrara_ledger_group SET bytes = set_byte(bytes, 90, (get_byte(bytes, 90) + 1) % 256) WHERE poll = 'P' AND first_index = 100",
      "LEDGER_TAMPERED",
    ],
    [
      "a row that is gone",
      "DELETE FROM carrara_ledger_group WHERE poll = 'P' AND first_index = 600",
      "LEDGER_SEGMENT_MISSING",
    ],
    [
      "a row that is gone from a full volume",
      "DELETE FROM carrara_ledger_group WHERE poll = 'P' AND first_index = 100",
      "LEDGER_TAMPERED",
    ],
    [
      "the last row gone",
      "DELETE FROM carrara_ledger_group WHERE poll = 'P' AND first_index = 690",
      "LEDGER_TRUNCATED",
    ],
    [
      "a row under another index",
      "INSERT INTO carrara_ledger_group SELECT poll, 700, bytes FROM carrara_ledger_group WHERE poll = 'P' AND first_index = 690",
      "LEDGER_SEGMENT_FOREIGN",
    ],
    [
      "a row that was moved away",
      "UPDATE carrara_ledger_group SET first_index = CASE first_index WHEN 600 THEN -1 ELSE 600 END WHERE poll = 'P' AND first_index IN (600)",
      "LEDGER_SEGMENT_MISSING",
    ],
    ["a head that is gone", "DELETE FROM carrara_ledger_head WHERE poll = 'P'", "LEDGER_TAMPERED"],
    [
      "the rows of another poll",
      "UPDATE carrara_ledger_head SET bytes = (SELECT h.bytes FROM carrara_ledger_head h WHERE h.poll = 'other' LIMIT 1) WHERE poll = 'P'",
      "LEDGER_KEY_WRONG",
    ],
  ])("with %s is refused", async (what, sql, code) => {
    const poll = `damage-${what.replaceAll(/[^a-z]/g, "-")}`;
    await (await open("other")).close();
    const ledger = await open(poll);
    await appendGroups(ledger, 0, 512, 50);
    await appendGroups(ledger, 512, 600, 88);
    await appendGroups(ledger, 600, 700, 30);
    await ledger.close();
    await server.query(sql.replaceAll("'P'", `'${poll}'`));
    await expect(open(poll)).rejects.toMatchObject({ code });
  });

  test("gives the database nothing of a ballot", async () => {
    const ledger = await open("secret");
    await appendGroups(ledger, 0, 20, 20);
    await ledger.close();
    const dump = await server.query(
      "SELECT encode(bytes, 'hex') FROM carrara_ledger_group WHERE poll = 'secret'",
    );
    for (const n of numbers(0, 20)) {
      const { ballotId, commitment, pseudonym } = ballotOf(n);
      for (const bytes of [ballotId, commitment, pseudonym]) {
        expect(dump).not.toContain(Buffer.from(bytes).toString("hex"));
      }
    }
  });
});
