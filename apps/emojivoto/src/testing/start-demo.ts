import type { LedgerStore } from "@carrara/ledger";
import { createMemoryAnchor, createMemoryStore } from "@carrara/ledger/testing";
import { createEmojiService } from "../emoji/emoji-service.ts";
import { type GrpcApp, startGrpcApp } from "../service/grpc-app.ts";
import type { Log } from "../service/log.ts";
import type { Environment } from "../service/settings.ts";
import { createEndMark, type EndMark } from "../voting/end-mark.ts";
import { startVoting } from "../voting/start-voting.ts";
import type { SubmitToWitness } from "../voting/witness-round.ts";
import type { Assets } from "../web/page-files.ts";
import { startWeb, type WebApp } from "../web/start-web.ts";

/** A log that keeps its lines. */
export interface KeptLog extends Log {
  /** Every event, fields and message together, as JSON. */
  readonly lines: readonly string[];
}

/** The whole demo on loopback ports, without TLS. */
export interface Demo {
  readonly emoji: GrpcApp;
  readonly voting: GrpcApp;
  readonly web: WebApp;
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly log: KeptLog;
  stop(): Promise<void>;
}

const HOST = "127.0.0.1";

/** A page small enough to read in a test. */
export const testAssets: Assets = new Map([
  ["index.html", Buffer.from("<!doctype html><title>Emoji Vote</title>")],
  ["verify.html", Buffer.from("<!doctype html><title>Ballot verifier</title>")],
  ["assets/index-1a2b.js", Buffer.from("export {};")],
  ["img/favicon.ico", Buffer.from([0, 0, 1, 0])],
]);

/** Creates a log that writes nowhere. */
export function createKeptLog(): KeptLog {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void => {
    lines.push(JSON.stringify({ ...fields, message }));
  };
  return { lines, info: keep, warn: keep, error: keep };
}

/** Starts emoji-svc on a free port. */
export async function startEmoji(): Promise<GrpcApp> {
  return await startGrpcApp({
    env: { GRPC_PORT: "0", PROM_PORT: "0" },
    log: createKeptLog(),
    host: HOST,
    serve: ({ metrics }) => ({ services: [createEmojiService({ metrics })] }),
  });
}

/** Settings of a poll whose ledger is in memory; the key is worth nothing. */
const testPollEnv: Environment = {
  GRPC_PORT: "0",
  PROM_PORT: "0",
  LEDGER_KEY: "07".repeat(32),
  COMPATIBILITY_RPCS: "on",
};

/** How a voting service of a test differs from the usual one. */
export interface TestVotingOptions {
  /** Settings in place of single ones of `testPollEnv`. */
  readonly env?: Environment;
  readonly doughnutCounts?: boolean;
  /** Where the ledger is; a new one in memory unless told here or by `LEDGER_DATABASE_URL`. */
  readonly store?: LedgerStore;
  readonly log?: Log;
  readonly now?: () => Date;
  readonly submitToWitness?: SubmitToWitness;
}

/** Starts voting-svc, on a free port unless told, with the original's RPCs. */
export async function startTestVoting(options: TestVotingOptions = {}): Promise<GrpcApp> {
  const { doughnutCounts = false, log = createKeptLog() } = options;
  const env = { ...testPollEnv, ...options.env };
  const inMemory = env["LEDGER_DATABASE_URL"] === undefined;
  const store = options.store ?? (inMemory ? createMemoryStore() : undefined);
  const anchor = createMemoryAnchor();
  const endMark = createMemoryEndMark();
  const own = { env, log, doughnutCounts, host: HOST, ...(store === undefined ? {} : { store }) };
  return await startVoting({ anchor, endMark, ...options, ...own });
}

/** A Coordinator's mark of the end, in memory. */
function createMemoryEndMark(): EndMark {
  const kept = new Map<string, bigint>();
  const advanceCounter = async (name: string, value: bigint): Promise<bigint> => {
    const before = kept.get(name) ?? 0n;
    if (value > before) kept.set(name, value);
    return await Promise.resolve(before);
  };
  return createEndMark({ poll: "emojivoto", isShared: false, counter: { advanceCounter } });
}

/** Starts the whole demo. */
export async function startDemo(options: TestVotingOptions = {}): Promise<Demo> {
  const [emoji, voting] = await Promise.all([startEmoji(), startTestVoting(options)]);
  const log = createKeptLog();
  const web = await startWeb({
    env: {
      WEB_PORT: "0",
      EMOJISVC_HOST: `${HOST}:${emoji.grpcPort}`,
      VOTINGSVC_HOST: `${HOST}:${voting.grpcPort}`,
    },
    assets: testAssets,
    log,
    host: HOST,
  });
  const all = [web, voting, emoji];
  return {
    emoji,
    voting,
    web,
    url: `http://${HOST}:${web.port}`,
    log,
    stop: async () => {
      for (const service of all) await service.stop(1_000);
    },
  };
}
