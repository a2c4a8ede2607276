import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPostgres, startPostgres } from "@carrara/postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLedger } from "./open-ledger.ts";
import { createFileStore } from "./store/file-store.ts";
import type { LedgerStore } from "./store/ledger-store.ts";
import { createPostgresStore } from "./store/postgres/postgres-store.ts";
import { bundleProgram } from "./testing/bundle-program.ts";
import {
  createKillHistory,
  type KillHistory,
  noteOutput,
  verifyHistory,
} from "./testing/kill-history.ts";
import { runAndKill } from "./testing/killed-program.ts";
import { TEST_KEY } from "./testing/test-ledger.ts";

/** Kills of one run; `CARRARA_LEDGER_KILLS=1000` is the long one. */
const KILLS = Number(process.env["CARRARA_LEDGER_KILLS"] ?? 40);
/** Kills after which a new ledger begins, so that checking it stays cheap. */
const KILLS_A_LEDGER = 20;
/** Milliseconds that a program lives after it has opened its ledger, or after its start. */
const MAX_LIFE_MS = 60;
const MAX_START_MS = 150;
const TEST_TIMEOUT_MS = 30_000 + KILLS * 2_000;

let dir: string;
let program: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "carrara-ledger-kill-"));
  program = join(dir, "append-loop.mjs");
  bundleProgram(new URL("./testing/append-loop.ts", import.meta.url), program);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function verify(store: LedgerStore, history: KillHistory): Promise<void> {
  const ledger = await openLedger({
    store,
    key: TEST_KEY,
    poll: "kill",
    rules: { revote: "unlimited" },
    volumeBallots: 1024,
  });
  await verifyHistory(ledger, history);
  await ledger.close();
}

/** One program that is killed at a random moment: of its start, or of its load. */
async function killOnce(place: string, history: KillHistory, kill: number): Promise<void> {
  const moment =
    kill % 4 === 3
      ? ({ after: "start", ms: Math.random() * MAX_START_MS } as const)
      : ({ after: "first output", ms: Math.random() * MAX_LIFE_MS } as const);
  noteOutput(history, await runAndKill([program, place, String(history.next)], moment));
}

test(
  `a ledger in files that is killed at ${KILLS} moments has all that was acknowledged, once`,
  async () => {
    let acked = 0;
    for (let done = 0; done < KILLS; done += KILLS_A_LEDGER) {
      const directory = join(dir, `ledger-${done}`);
      const history = createKillHistory();
      for (let kill = done; kill < Math.min(KILLS, done + KILLS_A_LEDGER); kill += 1) {
        await killOnce(directory, history, kill);
        // Every other time the next program finds the ledger as the kill left it.
        if (kill % 2 === 0) await verify(createFileStore({ directory }), history);
      }
      await verify(createFileStore({ directory }), history);
      acked += history.acked.size;
      rmSync(directory, { recursive: true });
    }
    expect(acked).toBeGreaterThan(KILLS);
  },
  TEST_TIMEOUT_MS,
);

const postgres = findPostgres(process.env);

test.skipIf(postgres === undefined)(
  "so has one in PostgreSQL with two replicas, of which one is killed over and over",
  async () => {
    const server = await startPostgres(postgres ?? "");
    try {
      const history = createKillHistory();
      const others = createKillHistory();
      others.next = 50_000;
      for (let kill = 0; kill < 8; kill += 1) {
        const ms = 300 + Math.random() * 100;
        const survivor = runAndKill([program, server.url, String(others.next)], {
          after: "first output",
          ms,
        });
        await killOnce(server.url, history, 0);
        noteOutput(others, await survivor);
      }
      const both: KillHistory = {
        acked: new Map([...history.acked, ...others.acked]),
        roots: new Map([...history.roots, ...others.roots]),
        next: others.next,
      };
      expect(history.acked.size).toBeGreaterThan(8);
      expect(others.acked.size).toBeGreaterThan(8);
      expect(both.acked.size).toBe(history.acked.size + others.acked.size);
      await verify(createPostgresStore({ url: server.url }), both);
    } finally {
      await server.close();
    }
  },
  60_000,
);
