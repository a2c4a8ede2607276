import {
  type ActivationChange,
  MANIFEST,
  setManifest,
  startCoordinator,
  type TestCoordinator,
} from "../tests/e2e/support/coordinator.ts";
import {
  activationRound,
  CLIENTS,
  type HandshakeYardstick,
  startHandshakes,
  WARM_UP,
  warmUp,
} from "./activation-load.ts";
import {
  type BenchCase,
  type BenchReport,
  median,
  pairedRatio,
  percentile,
  series,
} from "./report.ts";

const ROUNDS = 5;
/** Activations of one client alone. */
const ONE_CLIENT = 500;

/** Activations a second with quote verification on, against mutual TLS handshakes alone. */
export async function benchActivation(): Promise<BenchReport> {
  const coordinator = await startCoordinator();
  const handshakes = await startHandshakes();
  try {
    await setManifest(coordinator.clientPort, MANIFEST);
    await warmUp(coordinator, () => ({}));
    const ours = await activationCase(coordinator, handshakes, "P-256");
    const theirs = await activationCase(coordinator, handshakes, "P-384");
    const one = { clients: 1, count: ONE_CLIENT };
    const { latenciesMs } = await activationRound(coordinator, () => ({}), one);
    return {
      ...ours,
      name: "activation",
      goal: ">= 80/s on one core and 200/s on two at 8 clients, p99 <= 50 ms at one client",
      cases: [ours, theirs],
      details: {
        clients: CLIENTS,
        warmUp: WARM_UP,
        oneClientMs: { p50: median(latenciesMs), p99: percentile(latenciesMs, 0.99) },
        note: "the clients share the cores with the Coordinator; keys, requests and quotes are made beforehand",
      },
    };
  } finally {
    handshakes.stop();
    await coordinator.stop();
  }
}

async function activationCase(
  coordinator: TestCoordinator,
  handshakes: HandshakeYardstick,
  curve: NonNullable<ActivationChange["curve"]>,
): Promise<BenchCase> {
  const measured: number[] = [];
  const baseline: number[] = [];
  const latencies: number[] = [];
  for (let round = -1; round < ROUNDS; round += 1) {
    const mine = await activationRound(coordinator, () => ({ curve }));
    const theirs = await handshakes.round(curve);
    if (round < 0) continue;
    measured.push(mine.perSecond);
    baseline.push(theirs);
    latencies.push(...mine.latenciesMs);
  }
  return {
    name: curve === "P-256" ? "activations" : "activations of MarbleRun's marbles (P-384)",
    measured: series("activations/s", measured),
    baseline: { what: "mutual TLS handshakes alone", ...series("handshakes/s", baseline) },
    ratio: pairedRatio(measured, baseline),
    details: { latencyMs: { p50: median(latencies), p99: percentile(latencies, 0.99) } },
  };
}
