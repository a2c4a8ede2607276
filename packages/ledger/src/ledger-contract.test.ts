import { createHash } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entryOf, parseTally, verifyTally } from "@carrara/ballot";
import { findPostgres, type PostgresServer, startPostgres } from "@carrara/postgres/testing";
import {
  createTreeHasher,
  parseNote,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
} from "@carrara/transparency";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Ledger } from "./ledger.ts";
import { type LedgerOptions, openLedger } from "./open-ledger.ts";
import { createFileStore } from "./store/file-store.ts";
import type { LedgerStore } from "./store/ledger-store.ts";
import { createPostgresStore } from "./store/postgres/postgres-store.ts";
import { createMemoryStore } from "./testing/memory-store.ts";
import { ballotOf } from "./testing/test-ballots.ts";
import { appendGroups, TEST_KEY } from "./testing/test-ledger.ts";

const hasher = createTreeHasher((bytes) => createHash("sha256").update(bytes).digest());
const postgres = findPostgres(process.env);

/** Where a suite puts its ledgers: each name is a place of its own. */
interface Backend {
  readonly name: string;
  readonly skip: boolean;
  start(): Promise<void>;
  store(name: string): LedgerStore;
  stop(): Promise<void>;
}

function memoryBackend(): Backend {
  const places = new Map<string, Map<string, Uint8Array>>();
  return {
    name: "memory",
    skip: false,
    start: async () => undefined,
    store: (name) => {
      const files = places.get(name) ?? new Map<string, Uint8Array>();
      places.set(name, files);
      return createMemoryStore(files);
    },
    stop: async () => undefined,
  };
}

function fileBackend(): Backend {
  let dir = "";
  return {
    name: "files",
    skip: false,
    start: async () => {
      dir = await mkdtemp(join(tmpdir(), "carrara-ledger-"));
    },
    store: (name) => createFileStore({ directory: join(dir, name) }),
    stop: async () => await rm(dir, { recursive: true }),
  };
}

function postgresBackend(): Backend {
  let server: PostgresServer | undefined;
  return {
    name: "PostgreSQL",
    skip: postgres === undefined,
    start: async () => {
      server = await startPostgres(postgres ?? "");
    },
    store: () => createPostgresStore({ url: server?.url ?? "" }),
    stop: async () => await server?.close(),
  };
}

const backends = [memoryBackend(), fileBackend(), postgresBackend()];

describe.each(backends)("a ledger in $name", ({ skip, start, store, stop }) => {
  beforeAll(async () => {
    if (!skip) await start();
  }, 60_000);
  afterAll(async () => {
    if (!skip) await stop();
  });
  const open = async (poll: string, changes: Partial<LedgerOptions> = {}): Promise<Ledger> =>
    await openLedger({
      store: store(poll),
      key: TEST_KEY,
      poll,
      rules: { revote: "unlimited" },
      volumeBallots: 512,
      ...changes,
    });
  const verify = async (ledger: Ledger, index: number, size: number, root: Uint8Array) => {
    const leafHash = hasher.leaf(entryOf(ballotOf(index).commitment));
    const proof = await ledger.proof(index, size);
    verifyInclusion({ index, size, leafHash, proof, root }, hasher);
  };

  test.skipIf(skip)(
    "gives each ballot an index and a proof that its checkpoint bears out",
    async () => {
      const ledger = await open("proofs");
      const numbers = Array.from({ length: 1300 }, (_, i) => i);
      const outcomes = await Promise.all(
        numbers.map(async (n) => await ledger.append(ballotOf(n))),
      );
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.kind !== "appended") throw new TypeError(outcome.kind);
        expect(outcome.index).toBe(i);
        const { checkpoint, proofOf } = outcome.group;
        const leafHash = hasher.leaf(entryOf(ballotOf(i).commitment));
        verifyInclusion({ index: i, leafHash, proof: proofOf(i), ...checkpoint }, hasher);
      }
      await ledger.close();
    },
  );

  test.skipIf(skip)("is the same ledger when it is opened again", async () => {
    const first = await open("again");
    await appendGroups(first, 0, 700, 60);
    const before = first.checkpoint();
    await first.close();
    await first.close();
    const second = await open("again");
    expect(second.checkpoint()).toEqual(before);
    expect(second.tallies()).toEqual(first.tallies());
    await appendGroups(second, 700, 1500, 90);
    const { size, root, note } = second.checkpoint();
    expect(size).toBe(1500);
    await verifyNote(parseNote(note), second.logKey);
    for (const index of [0, 1, 255, 256, 511, 512, 1024, 1400, 1499]) {
      await verify(second, index, size, root);
    }
    await verify(second, 600, 700, before.root);
    const proof = await second.consistency(700, 1500);
    verifyConsistency({ from: 700, to: size, fromRoot: before.root, toRoot: root, proof }, hasher);
    await verifyTally(second.tallyNote(), second.logKey);
    expect(parseTally(parseNote(second.tallyNote()).text)).toMatchObject({ counted: 1500 });
    await second.close();
  });

  test.skipIf(skip)(
    "counts a ballot id once, in a group, a volume and a closed volume",
    async () => {
      const ledger = await open("ids");
      const [one, two] = await Promise.all([
        ledger.append(ballotOf(0)),
        ledger.append(ballotOf(0)),
      ]);
      expect([one, two]).toMatchObject([
        { kind: "appended", index: 0 },
        { kind: "known", index: 0 },
      ]);
      await appendGroups(ledger, 1, 1200, 100);
      for (const index of [0, 300, 600, 1199]) {
        expect(await ledger.append(ballotOf(index))).toMatchObject({ kind: "known", index });
        const other = ballotOf(index, { choice: 101 });
        expect(await ledger.append(other)).toEqual({ kind: "idReused" });
      }
      expect(ledger.size).toBe(1200);
      await ledger.close();
    },
  );

  test.skipIf(skip)("takes a pseudonym's latest ballot under the rule last", async () => {
    const rules = { revote: "last" } as const;
    const first = await open("last", { rules });
    const voter = ballotOf(0).pseudonym;
    const vote = (number: number, choice: number) => ballotOf(number, { pseudonym: voter, choice });
    await first.append(vote(1, 5));
    await first.append(vote(2, 6));
    await appendGroups(first, 100, 900, 100);
    await first.append(vote(3, 7));
    await first.close();
    const second = await open("last", { rules });
    expect(second.superseded).toBe(2);
    await second.append(vote(4, 8));
    await Promise.all([second.append(vote(5, 9)), second.append(vote(6, 300))]);
    expect(second.superseded).toBe(5);
    expect(second.tallies()[300]).toBe(1);
    // What the other voters chose: 100 choices, 8 times each.
    expect([...second.tallies().slice(1, 101)]).toEqual(new Array(100).fill(8));
    const tally = parseTally(parseNote(second.tallyNote()).text);
    expect(tally).toMatchObject({ size: 806, counted: 801, superseded: 5 });
    await second.close();
  });

  test.skipIf(skip)("takes one ballot of a pseudonym under the rule once", async () => {
    const ledger = await open("once", { rules: { revote: "once" } });
    await appendGroups(ledger, 0, 600, 100);
    for (const number of [3, 599]) {
      const again = ballotOf(1000 + number, { pseudonym: ballotOf(number).pseudonym });
      expect(await ledger.append(again)).toEqual({ kind: "alreadyVoted" });
      expect(await ledger.append(ballotOf(number))).toMatchObject({ kind: "known", index: number });
    }
    const nobody = ballotOf(2000, { pseudonym: new Uint8Array(16) });
    await expect(ledger.append(nobody)).rejects.toMatchObject({ code: "LEDGER_BALLOT_INVALID" });
    expect(ledger.size).toBe(600);
    await ledger.close();
  });

  test.skipIf(skip)("serves tiles and entries that give the root", async () => {
    const ledger = await open("tiles");
    await appendGroups(ledger, 0, 700, 100);
    const leaves = await Promise.all([ledger.tile(0, 0, 256), ledger.tile(0, 1, 256)]);
    const entries = Buffer.from(await ledger.entries(1, 256));
    expect(entries.readUInt16BE(0)).toBe(33);
    expect(Buffer.compare(hasher.leaf(entries.subarray(2, 35)), leaves[1].subarray(0, 32))).toBe(0);
    const above = await ledger.tile(1, 0, 2);
    expect(Buffer.compare(rootOf(leaves[0]), above.subarray(0, 32))).toBe(0);
    expect(Buffer.compare(rootOf(leaves[1]), above.subarray(32))).toBe(0);
    expect((await ledger.tile(0, 2, 188)).length).toBe(188 * 32);
    const unknown = { code: "LEDGER_INDEX_UNKNOWN" };
    for (const [level, index, width] of [
      [0, 2, 189],
      [1, 0, 3],
      [1, 1, 1],
      [2, 0, 1],
      [-1, 0, 1],
      [0, 0.5, 1],
      [0, 0, 0],
      [0, 0, 257],
    ] as const) {
      await expect(ledger.tile(level, index, width)).rejects.toMatchObject(unknown);
    }
    await expect(ledger.proof(700)).rejects.toMatchObject(unknown);
    await expect(ledger.proof(0, 701)).rejects.toMatchObject(unknown);
    await expect(ledger.consistency(2, 701)).rejects.toMatchObject(unknown);
    await ledger.close();
  });

  test.skipIf(skip)("tells of each durable group, and of nothing after the stop", async () => {
    const ledger = await open("news");
    const sizes: number[] = [];
    const stop = ledger.onCommit(({ size }) => void sizes.push(size));
    await appendGroups(ledger, 0, 30, 10);
    await expect.poll(() => sizes).toEqual([10, 20, 30]);
    stop();
    await appendGroups(ledger, 30, 40, 10);
    expect(sizes).toEqual([10, 20, 30]);
    await ledger.close();
    await expect(ledger.append(ballotOf(99))).rejects.toMatchObject({ code: "LEDGER_CLOSED" });
  });

  test.skipIf(skip)(
    "refuses ballots of a wrong shape and keeps the others of the group",
    async () => {
      const ledger = await open("shape");
      const bad = [
        ballotOf(1, { choice: 0 }),
        ballotOf(1, { choice: 65_536 }),
        ballotOf(1, { choice: 1.5 }),
        ballotOf(1, { ballotId: new Uint8Array(15) }),
        ballotOf(1, { commitment: new Uint8Array(33) }),
        ballotOf(1, { pseudonym: new Uint8Array(0) }),
      ];
      const outcomes = await Promise.allSettled(
        [ballotOf(0), ...bad, ballotOf(2)].map(async (ballot) => await ledger.append(ballot)),
      );
      const codes = outcomes.map((outcome) =>
        outcome.status === "rejected" ? outcome.reason.code : outcome.value.kind,
      );
      const refused = bad.map(() => "LEDGER_BALLOT_INVALID");
      expect(codes).toEqual(["appended", ...refused, "appended"]);
      await ledger.close();
    },
  );
});

function rootOf(leaves: Uint8Array): Uint8Array {
  let nodes = Array.from({ length: leaves.length / 32 }, (_, i) =>
    leaves.subarray(i * 32, i * 32 + 32),
  );
  while (nodes.length > 1) {
    nodes = Array.from({ length: nodes.length / 2 }, (_, i) =>
      hasher.node(nodes[2 * i] ?? leaves, nodes[2 * i + 1] ?? leaves),
    );
  }
  return nodes[0] ?? leaves;
}

test("files and their directory are the owner's alone, and one process has them", async () => {
  const dir = await mkdtemp(join(tmpdir(), "carrara-ledger-"));
  const options = { key: TEST_KEY, poll: "modes", rules: { revote: "unlimited" } } as const;
  const directory = join(dir, "ledger");
  const ledger = await openLedger({ ...options, store: createFileStore({ directory }) });
  await ledger.append(ballotOf(0));
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(join(directory, "head"))).mode & 0o777).toBe(0o600);
  const second = openLedger({ ...options, store: createFileStore({ directory, lockWaitMs: 100 }) });
  await expect(second).rejects.toMatchObject({ code: "LEDGER_LOCKED" });
  await ledger.close();
  await rm(dir, { recursive: true });
});
