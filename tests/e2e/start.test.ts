import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts } from "./support/coordinator.ts";
import { ROOT } from "./support/mesh.ts";

interface Started {
  readonly child: ChildProcess;
  /** JSON lines so far. */
  readonly events: Record<string, unknown>[];
  readonly exited: Promise<number | null>;
  stderr(): string;
}

let stateDir: string;
let ports: number[];

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "carrara-start-"));
  ports = await freePorts(3);
});

afterAll(async () => {
  await rm(stateDir, { recursive: true, force: true });
});

function start(...extra: readonly string[]): Started {
  const [web, coordinator, mesh] = ports.map(String);
  const options = ["--web-port", web, "--coordinator-port", coordinator, "--mesh-port", mesh];
  const args = ["start", "--silent", "--", "--json", "--state-dir", stateDir, ...options, ...extra];
  const child = spawn("npm", args as string[], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  const events: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line) as Record<string, unknown>);
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => resolve(code));
  });
  return { child, events, exited, stderr: () => stderr };
}

async function untilReady({ events, exited }: Started): Promise<Record<string, unknown>> {
  const last = (): Record<string, unknown> | undefined => events.at(-1);
  await Promise.race([
    expect.poll(() => last()?.["event"], { timeout: 60_000, interval: 50 }).toBe("ready"),
    exited.then((code) => expect.fail(`npm start ended with ${String(code)}`)),
  ]);
  return last() ?? {};
}

/** Processes whose command line or environment names the state directory. */
function processesOfState(): string[] {
  const all = execFileSync("ps", ["-eo", "pid=,args=", "e"], { maxBuffer: 1 << 26 }).toString();
  const self = String(process.pid);
  return all
    .split("\n")
    .filter(
      (line) =>
        line.includes(stateDir) && !line.includes("ps -eo") && !line.trim().startsWith(self),
    );
}

describe("npm start", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "says where everything is, runs a bot, and leaves nothing behind after %s",
    async (signal) => {
      const started = start();
      const [web, coordinator] = ports;
      expect(await untilReady(started)).toEqual({
        event: "ready",
        web: `https://localhost:${web}`,
        coordinator: `localhost:${coordinator}`,
        coordinatorCert: join(stateDir, "coordinator-cert.pem"),
        manifest: join(stateDir, "manifest.json"),
        assurance: "simulation",
      });
      const ca = join(stateDir, "coordinator-cert.pem");
      const board = (): string =>
        execFileSync("curl", [
          "-sS",
          "--cacert",
          ca,
          `https://localhost:${web}/api/leaderboard`,
        ]).toString();
      await expect.poll(board, { timeout: 15_000 }).toContain('"votes"');
      started.child.kill(signal);
      await started.exited;
      await expect.poll(processesOfState, { timeout: 10_000 }).toEqual([]);
    },
  );

  test("keeps its secrets to its owner", async () => {
    for (const [file, mode] of [
      ["signing-key.pem", 0o600],
      ["platform", 0o700],
      ["coordinator", 0o700],
      ["coordinator/sealed_key", 0o600],
    ] as const) {
      expect((await stat(join(stateDir, file))).mode & 0o777).toBe(mode);
    }
    const manifest = await readFile(join(stateDir, "manifest.json"), "utf8");
    expect(manifest).not.toContain("PRIVATE KEY");
  });

  test.each([
    ["--web-port", 0],
    ["--coordinator-port", 1],
    ["--mesh-port", 2],
  ] as const)("names the port and the option when %s is taken", async (option, index) => {
    const port = ports[index] ?? 0;
    const holder: Server = createServer();
    await new Promise<void>((resolve) => holder.listen(port, "127.0.0.1", resolve));
    const started = start();
    expect(await started.exited).toBe(1);
    expect(started.stderr()).toContain("PORT_TAKEN");
    expect(started.stderr()).toContain(String(port));
    expect(started.stderr()).toContain(option);
    expect(started.events.at(-1)).toEqual({
      event: "failed",
      code: "PORT_TAKEN",
      message: expect.stringContaining(`${port} is taken by another program`),
    });
    await new Promise((resolve) => holder.close(resolve));
  });

  test("refuses one port for two things with exit code 2, before it builds anything", async () => {
    const started = start("--coordinator-port", String(ports[0]));
    expect(await started.exited).toBe(2);
    expect(started.stderr()).toContain("--web-port and --coordinator-port name the same port");
  });

  test("refuses options that it does not know with exit code 2", async () => {
    expect(await start("--no-such-option").exited).toBe(2);
  });
});
