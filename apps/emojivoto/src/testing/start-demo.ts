import { createEmojiService } from "../emoji/emoji-service.ts";
import { type GrpcApp, startGrpcApp } from "../service/grpc-app.ts";
import type { Log } from "../service/log.ts";
import { createVotingServices } from "../voting/voting-services.ts";
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
    services: ({ metrics }) => [createEmojiService({ metrics })],
  });
}

/** Starts voting-svc, on a free port unless told. */
export async function startVoting(doughnutCounts = false, port = 0): Promise<GrpcApp> {
  return await startGrpcApp({
    env: { GRPC_PORT: String(port), PROM_PORT: "0" },
    log: createKeptLog(),
    host: HOST,
    services: (tools) => createVotingServices({ ...tools, doughnutCounts }),
  });
}

/** Starts the whole demo. */
export async function startDemo(doughnutCounts = false): Promise<Demo> {
  const [emoji, voting] = await Promise.all([startEmoji(), startVoting(doughnutCounts)]);
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
