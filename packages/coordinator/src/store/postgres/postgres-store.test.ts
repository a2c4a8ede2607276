import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPostgres, type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import type { SealedState, StateStore } from "../state-store.ts";
import { postgresSettings } from "./postgres-settings.ts";
import { openPostgresStore } from "./postgres-store.ts";

const bin = findPostgres(process.env);
const random = (length: number) => new Uint8Array(randomBytes(length));
const someState = (): SealedState => ({ data: random(90), key: random(80), witness: random(40) });
const FAILED = { name: "CoordinatorError", code: "STORE_FAILED" };

describe.skipIf(bin === undefined)("PostgreSQL", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(bin ?? "");
  }, 60_000);
  afterAll(async () => await server.close());

  const opened: StateStore[] = [];
  afterAll(async () => void (await Promise.all(opened.map(async (store) => await store.close()))));
  const open = async (mesh: string, url = server.url, ca?: string) => {
    const settings = postgresSettings({ url, ca });
    const store = await openPostgresStore({ settings, mesh });
    opened.push(store);
    return store;
  };

  test("keeps meshes apart in one database", async () => {
    const [one, two] = await Promise.all([open("one"), open("two")]);
    await one.commit(undefined, someState());
    expect(await two.read()).toBeUndefined();
    await two.machines?.write("m", random(3));
    expect(await one.machines?.read("m")).toBeUndefined();
  });

  test("gives a row that was made anew no version that there was before", async () => {
    const store = await open("anew");
    const first = await store.commit(undefined, someState());
    await server.query("DELETE FROM carrara_state WHERE mesh = 'anew'");
    const second = await store.commit(undefined, someState());
    expect(second).not.toBe(first);
    await expect(store.commit(first, someState())).rejects.toMatchObject({
      code: "STATE_CONFLICT",
    });
  });

  test("is spoken to over verified TLS, by password", async () => {
    const tls = `${server.tcpUrl}?sslmode=verify-full`;
    const store = await open("tls", tls, server.caPem);
    const version = await store.commit(undefined, someState());
    expect(await store.version()).toBe(version);
    const encrypted = "SELECT bool_or(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)";
    expect(await server.query(encrypted)).toBe("t");
  });

  test("is refused under another CA, another name and with a wrong password", async () => {
    const tls = `${server.tcpUrl}?sslmode=verify-full`;
    // Without its CA the server's certificate is self-signed for anybody.
    await expect(open("x", tls)).rejects.toMatchObject(FAILED);
    // The server answers under both addresses; its certificate has the first.
    const [named, unnamed] = ["127.0.0.1", "127.0.0.2"].map((ip) => tls.replace("localhost", ip));
    expect(await (await open("x", named, server.caPem)).version()).toBeUndefined();
    await expect(open("x", unnamed, server.caPem)).rejects.toMatchObject(FAILED);
    const wrong = server.tcpUrl.replace("carrara-test", "wrong-one");
    const refused = open("x", wrong);
    await expect(refused).rejects.toMatchObject(FAILED);
    await expect(refused).rejects.not.toThrow(/wrong-one/);
  });

  test("may go away and come back: nothing acknowledged is lost, news go on", async () => {
    const store = await open("crash");
    const other = await open("crash");
    let news = 0;
    const stop = other.watch(() => {
      news += 1;
    });
    await expect.poll(() => news, { timeout: 5000 }).toBeGreaterThan(0);
    const state = someState();
    const version = await store.commit(undefined, state);
    await expect.poll(() => news, { timeout: 5000 }).toBeGreaterThan(1);
    const heard = news;
    const restarted = server.crashAndRestart();
    // A read during the crash waits for the server.
    expect(await store.version()).toBe(version);
    await restarted;
    expect(await store.read()).toEqual({ ...state, version });
    await expect.poll(() => news, { timeout: 5000 }).toBeGreaterThan(heard);
    const before = news;
    await expect
      .poll(
        async () => {
          await store.commit(await store.version(), someState());
          return news;
        },
        { timeout: 5000, interval: 100 },
      )
      .toBeGreaterThan(before);
    stop();
  });

  test("that never answers is given up with STORE_FAILED", async () => {
    const gone = server.tcpUrl.replace(/:\d+\//, ":1/");
    await expect(open("x", gone)).rejects.toMatchObject(FAILED);
  });
});
