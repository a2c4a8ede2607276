import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findPostgres, type PostgresServer, startPostgres } from "@carrara/coordinator/testing";
import { buildImages } from "@carrara/image";
import {
  createSimulatedPlatform,
  type Enclave,
  generateSigningKey,
  type SimulatedPlatform,
  signImage,
} from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { activate, api, freePorts, MANIFEST, setManifest } from "./support/coordinator.ts";

const COORDINATOR = fileURLToPath(new URL("../../packages/coordinator", import.meta.url));
const START_TIMEOUT_MS = 20_000;
const LIMIT = 12;
const LIMITED = {
  ...MANIFEST,
  Marbles: { ...MANIFEST.Marbles, few: { Package: "worker", MaxActivations: LIMIT } },
};

/** One of several Coordinators over one database. */
interface Replica {
  readonly clientPort: number;
  readonly meshPort: number;
  start(): Promise<void>;
  /** Ends it at once, as `kill -9` does. */
  kill(): Promise<void>;
  status(): Promise<unknown>;
  root(): Promise<unknown>;
}

const bin = findPostgres(process.env);

describe.skipIf(bin === undefined)("two coordinators over one PostgreSQL", () => {
  const ends: (() => Promise<unknown>)[] = [];
  let platform: SimulatedPlatform;
  let database: PostgresServer;
  let first: Replica;
  let second: Replica;

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), "carrara-ha-"));
    ends.push(async () => await rm(dir, { recursive: true, force: true }));
    const images = buildImages({ appDir: COORDINATOR, outDir: join(dir, "images") });
    const [[image], key, made, server, ports] = await Promise.all([
      images,
      generateSigningKey(),
      createSimulatedPlatform({ dir: join(dir, "platform") }),
      startPostgres(bin ?? ""),
      freePorts(6),
    ]);
    platform = made;
    database = server;
    ends.push(server.close, made.close);
    const unsigned = new Uint8Array(await readFile(image?.file ?? ""));
    const signed = await signImage(unsigned, key, { date: new Date() });
    const pcs = await platform.servePcs({ host: "127.0.0.1", port: 0 });
    const [a, b] = [ports.slice(0, 3), ports.slice(3)].map((own, i) =>
      createReplica(platform, signed, {
        ports: own,
        env: {
          EDG_COORDINATOR_SEAL_DIR: join(dir, `replica-${i}`),
          CARRARA_PCCS_URL: pcs.url,
          CARRARA_STORE: "postgres",
          CARRARA_DATABASE_URL: server.url,
          CARRARA_PEERS: `127.0.0.1:${ports[i === 0 ? 5 : 2]}`,
        },
      }),
    );
    if (a === undefined || b === undefined) throw new TypeError("two are made");
    [first, second] = [a, b];
    ends.push(a.kill, b.kill);
    await Promise.all([first.start(), second.start()]);
  });

  afterAll(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function attempt(meshPort: number, marbleType: string): Promise<string> {
    try {
      return (await activate({ platform, meshPort }, { marbleType })).kind;
    } catch (error) {
      return `refused: ${String(error)}`;
    }
  }

  test("serve one root, and one manifest as soon as one of them has it", async () => {
    expect(await first.status()).toBe(2);
    expect(await first.root()).toBe(await second.root());
    expect((await setManifest(first.clientPort, LIMITED)).status).toBe(200);
    expect(await second.status()).toBe(3);
    const again = await setManifest(second.clientPort, LIMITED);
    expect(again).toMatchObject({ status: 500, envelope: { code: "STATE_WRONG" } });
  });

  test("keep the limit of activations although one is killed in the middle", async () => {
    const replicas = [first, second];
    const attempts = Array.from({ length: 2 * LIMIT }, async (_, i) => {
      const { meshPort } = replicas[i % 2] ?? first;
      return await attempt(meshPort, "few");
    });
    await Promise.race(attempts);
    await first.kill();
    const during = await Promise.all(attempts);
    await first.start();
    expect(await first.status()).toBe(3);
    expect(await first.root()).toBe(await second.root());
    const after: string[] = [];
    for (let i = 0; i < LIMIT + 1; i += 1) {
      const { meshPort } = replicas[i % 2] ?? first;
      after.push(await attempt(meshPort, "few"));
    }
    const accepted = [...during, ...after].filter((kind) => kind === "accepted").length;
    const unknown = during.filter((kind) => kind !== "accepted").length;
    expect(accepted).toBeLessThanOrEqual(LIMIT);
    // Activations without an answer may have been counted; none that had one was forgotten.
    expect(accepted + unknown).toBeGreaterThanOrEqual(LIMIT);
    expect(after.at(-1)).not.toBe("accepted");
  });

  test("go on when the database was restarted by a crash", async () => {
    const root = await first.root();
    await database.crashAndRestart();
    expect([await first.status(), await second.status()]).toEqual([3, 3]);
    expect(await second.root()).toBe(root);
  });

  test("refuse a database that was rolled back", async () => {
    await database.query("CREATE TABLE backup AS SELECT * FROM carrara_state");
    expect(await attempt(first.meshPort, "once")).toBe("accepted");
    // Who has not seen the newer state yet cannot miss it.
    expect(await second.status()).toBe(3);
    await database.query("DELETE FROM carrara_state");
    await database.query("INSERT INTO carrara_state SELECT * FROM backup");
    for (const { clientPort } of [first, second]) {
      const answer = await api(clientPort, "GET", "/api/v2/status");
      expect(answer).toMatchObject({ status: 500, envelope: { code: "STATE_ROLLED_BACK" } });
    }
  });
});

function createReplica(
  platform: SimulatedPlatform,
  image: Uint8Array,
  {
    ports,
    env,
  }: { readonly ports: readonly number[]; readonly env: Readonly<Record<string, string>> },
): Replica {
  const [clientPort = 0, meshPort = 0, keyPort = 0] = ports;
  let enclave: Enclave | undefined;
  let output = "";
  const status = async () => {
    const { envelope } = await api(clientPort, "GET", "/api/v2/status");
    return (envelope.data as { readonly code?: number } | null)?.code; // of the status route
  };
  return {
    clientPort,
    meshPort,
    start: async () => {
      enclave = await platform.launch(image, {
        env: {
          ...env,
          EDG_COORDINATOR_MESH_ADDR: `127.0.0.1:${meshPort}`,
          EDG_COORDINATOR_CLIENT_ADDR: `127.0.0.1:${clientPort}`,
          CARRARA_KEY_ADDR: `127.0.0.1:${keyPort}`,
        },
        onOutput: (_, chunk) => {
          output += Buffer.from(chunk).toString();
        },
      });
      for (const end = Date.now() + START_TIMEOUT_MS; ; await setTimeout(50)) {
        if ((await status().catch(() => undefined)) !== undefined) return;
        if (Date.now() > end) throw new Error(`the coordinator does not answer: ${output}`);
      }
    },
    kill: async () => {
      enclave?.kill("SIGKILL");
      await enclave?.exited;
    },
    status,
    root: async () => {
      const { envelope } = await api(clientPort, "GET", "/api/v2/quote");
      return (envelope.data as { readonly cert?: string } | null)?.cert; // of the quote route
    },
  };
}
