import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePorts } from "../tests/e2e/support/coordinator.ts";
import { startYardstick } from "./child.ts";
import { type BenchReport, pairedRatio, series } from "./report.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const ROUNDS = 5;

/** Seconds from `npm start` on an installed tree to the first accepted vote. */
export async function benchStartup(): Promise<BenchReport> {
  await startToVote();
  const measured: number[] = [];
  const baseline: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    measured.push(await startToVote());
    baseline.push(await bareToAnswer());
  }
  return {
    name: "startup",
    goal: "<= 4 s",
    measured: series("s", measured),
    baseline: { what: "one bare node:https process through tsx", ...series("s", baseline) },
    ratio: pairedRatio(measured, baseline),
    details: { state: "a new state directory each time: keys, platform and images are made anew" },
  };
}

async function startToVote(): Promise<number> {
  const stateDir = await mkdtemp(join(tmpdir(), "carrara-startup-"));
  const [web = 0, coordinator = 0, mesh = 0] = await freePorts(3);
  const start = performance.now();
  const ports = ["--web-port", web, "--coordinator-port", coordinator, "--mesh-port", mesh];
  const child = spawn(
    "npm",
    [
      "start",
      "--silent",
      "--",
      "--json",
      "--no-vote-bot",
      ...ports.map(String),
      "--state-dir",
      stateDir,
    ],
    { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    const ready = await readyEvent(child.stdout);
    await vote(web, await readFile(ready.coordinatorCert, "utf8"));
    return (performance.now() - start) / 1000;
  } finally {
    child.kill("SIGTERM");
    await ended;
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function readyEvent(output: NodeJS.ReadableStream): Promise<{ coordinatorCert: string }> {
  for await (const line of createInterface({ input: output })) {
    const event = JSON.parse(line) as { event: string; coordinatorCert: string };
    if (event.event === "ready") return event;
  }
  throw new Error("npm start ended before it was ready");
}

async function vote(port: number, ca: string): Promise<void> {
  const status = await new Promise<number | undefined>((resolve, reject) => {
    request(
      { host: "localhost", port, ca, method: "POST", path: "/api/vote?choice=%3Ajoy%3A" },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    )
      .once("error", reject)
      .end();
  });
  if (status !== 200) throw new Error(`the first vote got status ${status}`);
}

async function bareToAnswer(): Promise<number> {
  const start = performance.now();
  const server = await startYardstick("bare-server.ts");
  await vote(server.port, server.ca);
  const seconds = (performance.now() - start) / 1000;
  server.stop();
  return seconds;
}
