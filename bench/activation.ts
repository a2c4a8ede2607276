import { connect } from "node:tls";
import { encodePem } from "@carrara/encoding";
import type { MarbleIdentity } from "@carrara/marble";
import {
  MANIFEST,
  marbleIdentity,
  prepareActivation,
  setManifest,
  startCoordinator,
  type TestCoordinator,
} from "../tests/e2e/support/coordinator.ts";
import { rawActivate } from "../tests/e2e/support/raw-activate.ts";
import { startYardstick, type Yardstick } from "./child.ts";
import { type BenchReport, median, pairedRatio, percentile, series } from "./report.ts";

const ROUNDS = 5;
const PER_ROUND = 120;
const CLIENTS = 8;

/** Activations a second with quote verification on, against mutual TLS handshakes alone. */
export async function benchActivation(): Promise<BenchReport> {
  const coordinator = await startCoordinator();
  const yardstick = await startYardstick("mtls-server.ts");
  try {
    await setManifest(coordinator.clientPort, MANIFEST);
    const measured: number[] = [];
    const baseline: number[] = [];
    const alone: number[] = [];
    for (let round = -1; round < ROUNDS; round += 1) {
      const mine = await activations(coordinator, CLIENTS);
      const theirs = await handshakes(yardstick, CLIENTS);
      const latencies = await latenciesOfOne(coordinator);
      if (round < 0) continue;
      measured.push(mine);
      baseline.push(theirs);
      alone.push(...latencies);
    }
    return {
      name: "activation",
      goal: ">= 80/s, p99 <= 50 ms at one client",
      measured: series("activations/s", measured),
      baseline: { what: "mutual TLS handshakes alone", ...series("handshakes/s", baseline) },
      ratio: pairedRatio(measured, baseline),
      details: {
        clients: CLIENTS,
        oneClientMs: { p50: median(alone), p99: percentile(alone, 0.99) },
        note: "the clients share the two cores with the Coordinator; keys, requests and quotes are made beforehand",
      },
    };
  } finally {
    yardstick.stop();
    await coordinator.stop();
  }
}

type Prepared = () => Promise<unknown>;

/** Activations ready to be made: keys, requests and quotes exist already. */
async function prepare(coordinator: TestCoordinator, count: number): Promise<Prepared[]> {
  const calls: Prepared[] = [];
  for (let i = 0; i < count; i += 1) {
    const call = await prepareActivation(coordinator);
    calls.push(async () => await rawActivate(call));
  }
  return calls;
}

/** Activations a second from `clients` at once. */
async function activations(coordinator: TestCoordinator, clients: number): Promise<number> {
  return await perSecond(await prepare(coordinator, PER_ROUND), clients);
}

async function latenciesOfOne(coordinator: TestCoordinator): Promise<number[]> {
  const latencies: number[] = [];
  for (const call of await prepare(coordinator, PER_ROUND / 2)) {
    const start = performance.now();
    await call();
    latencies.push(performance.now() - start);
  }
  return latencies;
}

/** Mutual TLS handshakes a second from `clients` at once. */
export async function handshakes(server: Yardstick, clients: number): Promise<number> {
  const identities: MarbleIdentity[] = [];
  for (let i = 0; i < PER_ROUND; i += 1) identities.push(await marbleIdentity());
  const calls = identities.map((identity) => async () => await handshake(server.port, identity));
  return await perSecond(calls, clients);
}

async function handshake(port: number, { certificate, pkcs8 }: MarbleIdentity): Promise<void> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    cert: encodePem("CERTIFICATE", certificate),
    key: encodePem("PRIVATE KEY", pkcs8),
    rejectUnauthorized: false,
  });
  await new Promise((resolve, reject) => {
    socket.once("data", resolve);
    socket.once("error", reject);
  });
  socket.destroy();
}

/** Calls a second when `clients` make them, each one after the other. */
export async function perSecond(calls: Prepared[], clients: number): Promise<number> {
  const start = performance.now();
  const count = calls.length;
  const client = async (): Promise<void> => {
    for (let call = calls.pop(); call !== undefined; call = calls.pop()) await call();
  };
  await Promise.all(Array.from({ length: clients }, client));
  return count / ((performance.now() - start) / 1000);
}
