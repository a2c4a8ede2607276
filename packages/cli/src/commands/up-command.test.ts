import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createHttpsTransport, parseCoordinatorHost } from "@carrara/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createFixtureMesh,
  type FixtureMesh,
  fixtureManifest,
  REPOSITORY,
} from "../testing/fixture-mesh.ts";
import { runCli, type Transcript } from "../testing/run-cli.ts";
import type { ReadyFacts } from "../up/ready-screen.ts";

/** A first start makes an RSA-3072 key, which takes seconds when it is unlucky. */
const TIMEOUT_MS = 60_000;

const FREE_PORTS = ["--web-port", "0", "--coordinator-port", "0", "--mesh-port", "0"];

let fixture: FixtureMesh;

beforeAll(async () => {
  fixture = await createFixtureMesh();
});
afterAll(async () => {
  await fixture.remove();
});

/** Runs `carrara up`, does `meanwhile` once it is ready, and then asks it to stop. */
async function up(
  args: readonly string[] = [],
  meanwhile: (facts: ReadyFacts) => Promise<unknown> = async () => await Promise.resolve(),
  onOutput: (soFar: string) => void = () => undefined,
): Promise<Transcript & { readonly events: Record<string, unknown>[] }> {
  const stop = new AbortController();
  let begun = false;
  let work: Promise<unknown> = Promise.resolve();
  const onStdout = (soFar: string): void => {
    onOutput(soFar);
    const ready = /^\{"event":"ready".*\}$/m.exec(soFar)?.[0];
    if (ready === undefined || begun) return;
    begun = true;
    work = meanwhile(JSON.parse(ready) as ReadyFacts).finally(() => stop.abort());
    work.catch(() => undefined);
  };
  const line = ["up", fixture.appDir, "--json", "--state-dir", fixture.stateDir, ...FREE_PORTS];
  const options = { cwd: fixture.appDir, repository: REPOSITORY, signal: stop.signal, onStdout };
  const transcript = await runCli([...line, ...args], options);
  await work;
  const lines = transcript.stdout.split("\n").filter((text) => text !== "");
  return { ...transcript, events: lines.map((text) => JSON.parse(text) as never) };
}

async function get(facts: ReadyFacts, path: string): Promise<string> {
  const host = parseCoordinatorHost(facts.web.replace("https://", ""));
  const rootPem = await readFile(facts.coordinatorCert, "utf8");
  const trust = { kind: "pinned", rootPem } as const;
  const { body } = await createHttpsTransport({ host })({ method: "GET", path, trust });
  return new TextDecoder().decode(body);
}

/** Child processes of this one that run enclaves or the bot; empty where /proc does not exist. */
function meshProcesses(): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      return `${command}\0${environment}`.includes(fixture.stateDir);
    } catch {
      return false;
    }
  });
}

describe("carrara up", () => {
  test(
    "runs the mesh, stops with exit 0 when asked, and leaves no process",
    async () => {
      const { code, events } = await up([], async (facts) => {
        expect(facts.web).toMatch(/^https:\/\/localhost:\d+$/);
        expect(facts.coordinator).toMatch(/^localhost:\d+$/);
        expect(await get(facts, "/")).toBe("hello");
        expect(meshProcesses().length).toBeGreaterThan(2);
        const cert = ["--coordinator-cert", join(fixture.stateDir, "verified.pem")];
        const verify = ["manifest", "verify", facts.manifest, facts.coordinator, "-i", ...cert];
        expect(await runCli(verify, { cwd: fixture.appDir })).toMatchObject({ code: 0 });
        // Ready means that the bot was launched; it says so in its log a moment later.
        const log = join(fixture.stateDir, "logs/vote-bot.log");
        await expect.poll(() => readFile(log, "utf8"), { timeout: 20_000 }).toContain("bot for");
      });
      expect(code).toBe(0);
      const ready = events.find(({ event }) => event === "ready");
      expect(Object.keys(ready ?? {})).toEqual([
        "event",
        "web",
        "coordinator",
        "coordinatorCert",
        "manifest",
        "assurance",
      ]);
      expect(ready).toMatchObject({ assurance: "simulation" });
      expect(events.every(({ event }) => event === "ready" || event === "progress")).toBe(true);
      expect(meshProcesses()).toEqual([]);
      expect(await readdir(join(fixture.stateDir, "images/app"))).toEqual(["web.enclave"]);
      for (const secret of ["signing-key.pem", "logs/vote-bot.log", "logs/coordinator.log"]) {
        expect((await stat(join(fixture.stateDir, secret))).mode & 0o077).toBe(0);
      }
    },
    TIMEOUT_MS,
  );

  test(
    "runs as many fronts as are asked for, each in its place",
    async () => {
      const { code } = await up(["--no-vote-bot", "--web-replicas", "3"], async (facts) => {
        expect(facts.webReplicas).toHaveLength(2);
        for (const web of facts.webReplicas) {
          expect(await get({ ...facts, web }, "/")).toBe("hello");
        }
      });
      expect(code).toBe(0);
      expect(meshProcesses()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test.each(["0", "x", "100", "-1"])("refuses %s fronts", async (count) => {
    const line = ["up", fixture.appDir, `--web-replicas=${count}`];
    expect(await runCli(line, { cwd: fixture.appDir })).toMatchObject({ code: 2 });
  });

  test(
    "started again keeps the Coordinator's root, and lets no second one in",
    async () => {
      const chain = join(fixture.stateDir, "coordinator-cert.pem");
      const before = await readFile(chain, "utf8");
      let second: Transcript | undefined;
      const { code } = await up(["--no-vote-bot"], async () => {
        second = await up();
      });
      expect(code).toBe(0);
      expect(await readFile(chain, "utf8")).toBe(before);
      expect(second).toMatchObject({ code: 1 });
      expect(second?.stderr).toMatch(/^Error: STATE_LOCKED: /m);
    },
    TIMEOUT_MS,
  );

  test(
    "ends with exit 1 and the log of a marble that dies",
    async () => {
      const stop = AbortSignal.timeout(TIMEOUT_MS);
      const result = await new Promise<Transcript>((resolve) => {
        const line = ["up", fixture.appDir, "--json", "--state-dir", fixture.stateDir];
        let asked = false;
        const onStdout = (soFar: string): void => {
          const ready = /^\{"event":"ready".*\}$/m.exec(soFar)?.[0];
          if (ready === undefined || asked) return;
          asked = true;
          get(JSON.parse(ready) as ReadyFacts, "/exit").catch(() => undefined);
        };
        const options = { cwd: fixture.appDir, repository: REPOSITORY, signal: stop, onStdout };
        void runCli([...line, ...FREE_PORTS], options).then(resolve);
      });
      expect(result.code).toBe(1);
      expect(result.stdout).toContain(
        '{"event":"failed","code":"PROCESS_ENDED","message":"marble web ended with code 7;',
      );
      expect(result.stderr).toMatch(/^Error: PROCESS_ENDED: marble web ended with code 7;/m);
      expect(result.stderr).toContain("asked to exit");
      expect(meshProcesses()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test.each(["--web-port", "--coordinator-port", "--mesh-port"])(
    "names a taken port and %s",
    async (option) => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const { code, stderr } = await up([option, String(port)]);
      server.close();
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^Error: PORT_TAKEN: .*${port}.*${option}`, "m"));
    },
  );

  test(
    "refuses another manifest than the mesh enforces, and a state that it cannot unseal",
    async () => {
      await fixture.setManifest(fixtureManifest("changed"));
      const other = await up();
      expect(other.code).toBe(1);
      expect(other.stderr).toMatch(/^Error: STATE_OTHER_MANIFEST: /m);
      await fixture.setManifest(fixtureManifest("hello"));
      await rm(join(fixture.stateDir, "coordinator", "sealed_key"));
      const sealed = await up();
      expect(sealed.code).toBe(1);
      expect(sealed.stderr).toMatch(/^Error: STATE_RECOVERY: /m);
      expect(meshProcesses()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "under another manifest keeps its recovery data, and waits for recovery when it needs it",
    async () => {
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
      const key = join(fixture.appDir, "recovery-key.pem");
      await writeFile(key, privateKey.export({ format: "pem", type: "pkcs8" }));
      const add = ["manifest", "add-recovery-key", "manifest.json", "owner", "--key", key];
      await runCli([...add, "-o", "owned.json"], { cwd: fixture.appDir });
      const stateDir = join(fixture.appDir, "state-owned");
      const args = ["--manifest", "owned.json", "--state-dir", stateDir];
      const recoveryData = join(stateDir, "recovery.json");
      expect(await up(args)).toMatchObject({ code: 0 });
      expect((await stat(recoveryData)).mode & 0o777).toBe(0o600);
      const before = await readFile(join(stateDir, "coordinator-cert.pem"), "utf8");

      await rm(join(stateDir, "coordinator", "sealed_key"));
      let recovery: Promise<Transcript> | undefined;
      const { code } = await up(args, undefined, (soFar) => {
        const port = /Waiting for recovery:.* localhost:(\d+) /.exec(soFar)?.[1];
        if (port === undefined || recovery !== undefined) return;
        const line = ["recover", recoveryData, `localhost:${port}`, "-i", "--key", key];
        recovery = runCli(line, { cwd: fixture.appDir });
      });
      expect(await recovery).toMatchObject({ code: 0, stdout: "Recovery successful.\n" });
      expect(code).toBe(0);
      expect(await readFile(join(stateDir, "coordinator-cert.pem"), "utf8")).toBe(before);
    },
    TIMEOUT_MS,
  );

  test.each([
    ["a marble that is not in mesh.json", "shop=web", 1, "APP_INVALID", "has no marble shop"],
    [
      "an image that is not in enclave.json",
      "web=shop",
      1,
      "APP_INVALID",
      "has no image shop, known: web, spare",
    ],
    ["neither", "web", 2, "USAGE", "an image is given as MARBLE=IMAGE"],
  ])(
    "refuses --image with %s",
    async (_, image, code, error, message) => {
      const result = await up(["--image", image]);
      expect(result.code).toBe(code);
      expect(result.stderr).toMatch(new RegExp(`^Error: ${error}: `, "m"));
      expect(result.events.at(-1)).toEqual({
        event: "failed",
        code: error,
        message: expect.stringContaining(message),
      });
    },
    TIMEOUT_MS,
  );

  test("names what is wrong with an application", async () => {
    await fixture.setManifest(fixtureManifest("hello").replace("web.SignerID", "shop.SignerID"));
    const { code, stderr } = await up();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: PLACEHOLDER_UNKNOWN: /m);
  });
});
