import { createBallot, parseKeysStatement, sealBallot } from "@carrara/ballot";
import { findPostgres, startPostgres } from "@carrara/ledger/testing";
import { afterEach, describe, expect, test } from "vitest";
import { createGrpcChannel } from "../grpc/grpc-channel.ts";
import { closeServer, listenOn } from "../http/http-server.ts";
import type { GrpcApp } from "../service/grpc-app.ts";
import { createKeptLog, startEmoji, startTestVoting, testAssets } from "../testing/start-demo.ts";
import { testCertificate } from "../testing/test-certificate.ts";
import { createWeb } from "./web.ts";

const postgres = findPostgres(process.env);
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface World {
  readonly url: string;
  readonly voting: readonly GrpcApp[];
}

/** Two voting services; unless they share a database each has a ledger of its own, so that it can be told who got a vote. */
async function started(database: Readonly<Record<string, string>> = {}): Promise<World> {
  const env = {
    ...database,
    MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: testCertificate.pem,
    MARBLE_PREDEFINED_PRIVATE_KEY: testCertificate.key,
  };
  const emoji = await startEmoji();
  const voting = [await startTestVoting({ env }), await startTestVoting({ env })];
  const web = createWeb({
    assets: testAssets,
    emoji: createGrpcChannel(`127.0.0.1:${emoji.grpcPort}`),
    voting: voting.map(({ grpcPort }) => createGrpcChannel(`127.0.0.1:${grpcPort}`)),
    log: createKeptLog(),
  });
  const url = `http://127.0.0.1:${await listenOn(web.server, 0, "127.0.0.1")}`;
  closers.push(
    async () => await emoji.stop(0),
    ...voting.map((app) => async () => await app.stop(0)),
    async () => {
      await closeServer(web.server, 0);
      web.disconnect();
    },
  );
  await expect.poll(async () => (await keysAt(url)).length).toBe(2);
  return { url, voting };
}

async function keysAt(url: string): Promise<readonly ReturnType<typeof parseKeysStatement>[]> {
  const { keys } = (await (await fetch(`${url}/api/v2/ballot/keys`)).json()) as {
    keys: { statement: string }[];
  };
  return keys.map(({ statement }) =>
    parseKeysStatement(Buffer.from(statement, "base64").toString()),
  );
}

async function sealedTo(url: string, publicKey: Uint8Array | undefined): Promise<Response> {
  const { bytes } = await sealBallot({
    poll: "emojivoto",
    publicKey: publicKey ?? new Uint8Array(),
    ballot: createBallot(2),
  });
  return await fetch(`${url}/api/v2/ballot`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: Uint8Array.from(bytes),
  });
}

const voteAt = async (url: string): Promise<number> =>
  (
    await fetch(`${url}/api/vote`, {
      method: "POST",
      body: new URLSearchParams({ choice: ":joy:" }),
    })
  ).status;
const indexOfReceipt = async (url: string): Promise<string> => {
  const body = new URLSearchParams({ choice: ":joy:" });
  const text = await (await fetch(`${url}/api/v2/vote`, { method: "POST", body })).text();
  return /index (\d+)/.exec(text)?.[1] ?? text;
};

describe("several voting services", () => {
  test("get plain votes in turns", async () => {
    const { url } = await started();
    const indexes = [];
    for (let i = 0; i < 4; i++) indexes.push(await indexOfReceipt(url));
    expect(indexes).toEqual(["0", "0", "1", "1"]);
  });

  test("get the ballots that are sealed to their own keys", async () => {
    const { url } = await started();
    const keys = await keysAt(url);
    for (const { hpkeKeys } of keys) expect((await sealedTo(url, hpkeKeys[0])).status).toBe(200);
    const { treeSize } = (await (await fetch(`${url}/api/v2/leaderboard`)).json()) as {
      treeSize: number;
    };
    expect(treeSize).toBeLessThan(2);
  });

  test("go on when one is gone, which takes its key along", async () => {
    const { url, voting } = await started();
    const [first, second] = await keysAt(url);
    await voting[0]?.stop(0);
    await expect.poll(async () => (await keysAt(url)).length).toBe(1);
    for (let i = 0; i < 4; i++) expect(await voteAt(url)).toBe(200);
    expect((await sealedTo(url, first?.hpkeKeys[0])).status).toBe(422);
    expect((await sealedTo(url, second?.hpkeKeys[0])).status).toBe(200);
    await voting[1]?.stop(0);
    await expect.poll(async () => await voteAt(url)).toBe(503);
  });

  test.skipIf(postgres === undefined)(
    "over one database have one tally, and one that is gone loses nothing",
    async () => {
      const server = await startPostgres(postgres ?? "");
      closers.push(server.close);
      const { url, voting } = await started({ LEDGER_DATABASE_URL: server.url });
      const indexes = await Promise.all(Array.from({ length: 40 }, () => indexOfReceipt(url)));
      expect(new Set(indexes).size).toBe(40);
      await voting[0]?.stop(1_000);
      const more = await Promise.all(Array.from({ length: 10 }, () => indexOfReceipt(url)));
      expect(new Set([...indexes, ...more]).size).toBe(50);
      const board = async (): Promise<unknown> =>
        await (await fetch(`${url}/api/v2/leaderboard`)).json();
      await expect.poll(board).toMatchObject({
        total: 50,
        treeSize: 50,
        results: [{ shortcode: ":joy:", votes: 50 }],
      });
    },
    60_000,
  );
});
