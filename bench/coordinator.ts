import { request } from "node:https";
import { create } from "@bufbuild/protobuf";
import { type ActivationCall, ActivationReqSchema } from "@carrara/marble";
import {
  freePorts,
  MANIFEST,
  prepareActivation,
  setManifest,
  startCoordinator,
  type TestCoordinator,
} from "../tests/e2e/support/coordinator.ts";
import { activateOn, openSession } from "../tests/e2e/support/raw-activate.ts";
import {
  activationRound,
  CLIENTS,
  type HandshakeYardstick,
  PER_ROUND,
  startHandshakes,
  WARM_UP,
  warmUp,
} from "./activation-load.ts";
import { startYardstick } from "./child.ts";
import { runLoad } from "./load.ts";
import {
  type BenchCase,
  type BenchReport,
  median,
  pairedRatio,
  percentile,
  series,
} from "./report.ts";

const ROUNDS = 5;
/** Known marbles at which the cost is looked at. */
const STAGES = [10, 1000, 10_000] as const;
const TYPES = 50;
/** Calls at once over one connection while marbles are made known. */
const STREAMS = 16;
/** Marbles made known over one connection: the Coordinator ends each after two minutes. */
const PER_CONNECTION = 500;
/** Activations a round that are counted and saved. */
const LIMITED = 240;
const GET_SECONDS = 1;
const GET_CONNECTIONS = 16;

/** A Coordinator under load: activations as marbles accumulate, reads of the manifest, commits. */
export async function benchCoordinator(): Promise<BenchReport> {
  const [metricsPort = 0] = await freePorts(1);
  const coordinator = await startCoordinator({
    EDG_COORDINATOR_PROMETHEUS_ADDR: `127.0.0.1:${metricsPort}`,
  });
  const handshakes = await startHandshakes();
  const marbles = Array.from({ length: STAGES[2] }, (_, i) => ({
    marbleType: `type-${i % TYPES}`,
    uuid: crypto.randomUUID(),
  }));
  try {
    await setManifest(coordinator.clientPort, manifest());
    const bench: Bench = { coordinator, handshakes, metricsPort };
    const cases: BenchCase[] = [];
    const first = marbles.slice(0, STAGES[0]);
    await warmUp(coordinator, (i) => first[i % first.length] ?? {});
    let known = first.length;
    for (const stage of STAGES) {
      await makeKnown(coordinator, marbles.slice(known, stage));
      known = stage;
      cases.push(await activationCase(bench, marbles.slice(0, stage)));
    }
    cases.push(await commitCase(bench), await manifestCase(coordinator));
    const [smallest] = cases;
    if (smallest === undefined) throw new Error("there is nothing to measure");
    return {
      ...smallest,
      name: "coordinator",
      goal: "activations >= 200/s, p99 <= 60 ms at 8 clients, flat to 10,000 marbles; GET manifest >= 5,000/s",
      cases,
      details: {
        clients: CLIENTS,
        warmUp: WARM_UP,
        note: "the clients share the cores with the Coordinator; metrics and events are on",
      },
    };
  } finally {
    handshakes.stop();
    await coordinator.stop();
  }
}

interface Bench {
  readonly coordinator: TestCoordinator;
  readonly handshakes: HandshakeYardstick;
  readonly metricsPort: number;
}

/** The usual manifest with fifty types beside it, and one whose activations are counted and saved. */
function manifest(): unknown {
  const types = Array.from({ length: TYPES }, (_, i) => [`type-${i}`, MANIFEST.Marbles.worker]);
  const limited = { Package: "worker", MaxActivations: 1_000_000, Parameters: {} };
  return { ...MANIFEST, Marbles: { ...Object.fromEntries(types), limited } };
}

/** A marble by what it says of itself. */
interface Marble {
  readonly marbleType: string;
  readonly uuid: string;
}

/** Activates marbles, all with one key and quote. */
async function makeKnown(coordinator: TestCoordinator, marbles: readonly Marble[]): Promise<void> {
  const call = await prepareActivation(coordinator);
  for (let at = 0; at < marbles.length; at += PER_CONNECTION) {
    await makeSomeKnown(call, marbles.slice(at, at + PER_CONNECTION));
  }
}

async function makeSomeKnown(call: ActivationCall, marbles: readonly Marble[]): Promise<void> {
  const session = openSession(call);
  const { Quote, CSR } = call.request;
  const left = [...marbles];
  const stream = async (): Promise<void> => {
    for (let marble = left.pop(); marble !== undefined; marble = left.pop()) {
      const fields = { Quote, CSR, UUID: marble.uuid, MarbleType: marble.marbleType };
      await activateOn(session, create(ActivationReqSchema, fields));
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, stream));
  session.destroy();
}

/** Activations of marbles that are known, which `marbles` are all of. */
async function activationCase(bench: Bench, marbles: readonly Marble[]): Promise<BenchCase> {
  const measured: number[] = [];
  const baseline: number[] = [];
  const latencies: number[] = [];
  const changeOf = (i: number) => marbles[i % marbles.length] ?? {};
  // What an activation takes of the processors: 1000 / the Coordinator's is what one core allows.
  const processorMs = { coordinator: 0, clients: 0 };
  for (let round = -1; round < ROUNDS; round += 1) {
    const before = await processorSeconds(bench);
    const mine = await activationRound(bench.coordinator, changeOf);
    const after = await processorSeconds(bench);
    const theirs = await bench.handshakes.round();
    if (round < 0) continue;
    processorMs.coordinator += (1000 * (after - before)) / (ROUNDS * PER_ROUND);
    processorMs.clients += mine.clientMsEach / ROUNDS;
    measured.push(mine.perSecond);
    baseline.push(theirs);
    latencies.push(...mine.latenciesMs);
  }
  return {
    name: `activations at ${marbles.length} known marbles`,
    measured: series("activations/s", measured),
    baseline: { what: "mutual TLS handshakes alone", ...series("handshakes/s", baseline) },
    ratio: pairedRatio(measured, baseline),
    details: {
      clients: CLIENTS,
      latencyMs: { p50: median(latencies), p99: percentile(latencies, 0.99) },
      processorMsEach: {
        coordinator: Math.round(processorMs.coordinator * 100) / 100,
        clients: Math.round(processorMs.clients * 100) / 100,
      },
      ...(await processFigures(bench)),
    },
  };
}

/** Activations that are counted durably, against the same without a limit. */
async function commitCase(bench: Bench): Promise<BenchCase> {
  const measured: number[] = [];
  const baseline: number[] = [];
  const load = { clients: CLIENTS, count: LIMITED };
  for (let round = -1; round < ROUNDS; round += 1) {
    const mine = await activationRound(bench.coordinator, () => ({ marbleType: "limited" }), load);
    const theirs = await activationRound(bench.coordinator, () => ({ marbleType: "type-0" }), load);
    if (round < 0) continue;
    measured.push(mine.perSecond);
    baseline.push(theirs.perSecond);
  }
  const text = await metricsOf(bench);
  const name = "coordinator_state_commit_duration_seconds";
  const commits = sample(text, `${name}_count{outcome="saved"}`);
  const seconds = sample(text, `${name}_sum{outcome="saved"}`);
  return {
    name: "activations with a limit, each saved before its answer",
    measured: series("activations/s", measured),
    baseline: { what: "without a limit", ...series("activations/s", baseline) },
    ratio: pairedRatio(measured, baseline),
    details: {
      commits,
      activationsSaved: (ROUNDS + 1) * LIMITED,
      millisecondsACommit: Math.round((seconds / commits) * 100_000) / 100,
    },
  };
}

async function manifestCase({ clientPort }: TestCoordinator): Promise<BenchCase> {
  const path = "/api/v2/manifest";
  const { headers, body } = await answerOf(clientPort, path);
  const bare = await startYardstick("bare-server.ts", headers, body);
  const rate = async (port: number): Promise<number> => {
    const { answers, failures, seconds } = await runLoad({
      ...{ port, connections: GET_CONNECTIONS, seconds: GET_SECONDS },
      ...{ method: "GET", path },
    });
    return (answers - failures) / seconds;
  };
  const measured: number[] = [];
  const baseline: number[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const mine = await rate(clientPort);
    const theirs = await rate(bare.port);
    if (round < 0) continue;
    measured.push(mine);
    baseline.push(theirs);
  }
  bare.stop();
  return {
    name: "GET manifest",
    measured: series("requests/s", measured),
    baseline: {
      what: "bare node:https, the same bytes",
      ...series("requests/s", baseline),
    },
    ratio: pairedRatio(measured, baseline),
    details: { connections: GET_CONNECTIONS, bytes: body.length },
  };
}

/** An answer as it goes out, without the headers that Node adds by itself. */
async function answerOf(
  port: number,
  path: string,
): Promise<{ headers: readonly string[]; body: string }> {
  const own = new Set(["date", "connection", "keep-alive"]);
  return await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path, rejectUnauthorized: false, agent: false };
    request(options, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on("end", () => {
        const headers = response.rawHeaders.filter(
          (_, i, all) => !own.has((all[i - (i % 2)] ?? "").toLowerCase()),
        );
        resolve({ headers, body });
      });
    })
      .once("error", reject)
      .end();
  });
}

async function metricsOf({ metricsPort }: Bench): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
}

/** Processor time that the Coordinator has used, on all of its threads. */
async function processorSeconds(bench: Bench): Promise<number> {
  return sample(await metricsOf(bench), "process_cpu_seconds_total");
}

/** Memory, and what a scrape of all that is known costs. */
async function processFigures(bench: Bench): Promise<Readonly<Record<string, number>>> {
  const start = performance.now();
  const text = await metricsOf(bench);
  return {
    residentMiB: Math.round(sample(text, "process_resident_memory_bytes") / 2 ** 20),
    scrapeMs: Math.round(performance.now() - start),
    scrapeKiB: Math.round(text.length / 1024),
  };
}

function sample(text: string, name: string): number {
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}
