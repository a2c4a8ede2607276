import { create } from "@bufbuild/protobuf";
import { ActivationReqSchema } from "@carrara/marble";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  activate,
  freePorts,
  MANIFEST,
  prepareActivation,
  setManifest,
  startCoordinator,
  type TestCoordinator,
} from "./support/coordinator.ts";
import { activateOn, openSession } from "./support/raw-activate.ts";

const MARBLES = 10_000;
const TYPES = 50;
/** Calls at once over one connection. */
const STREAMS = 16;
/** Marbles that share a connection, which lives no longer than two minutes. */
const PER_CONNECTION = 1000;
/** Marbles after which the process has all that it will ever need. */
const WARM = 4000;
/** Resident MiB that may come on top from there on: noise of the collector, not a cost a marble. */
const MAX_GROWTH_MIB = 64;

let coordinator: TestCoordinator;
let metricsUrl: string;

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  coordinator = await startCoordinator({ EDG_COORDINATOR_PROMETHEUS_ADDR: `127.0.0.1:${port}` });
  const types = Array.from({ length: TYPES }, (_, i) => [`type-${i}`, MANIFEST.Marbles.worker]);
  const set = await setManifest(coordinator.clientPort, {
    ...MANIFEST,
    Marbles: { worker: MANIFEST.Marbles.worker, ...Object.fromEntries(types) },
  });
  expect(set.status).toBe(200);
});

afterAll(async () => await coordinator.stop());

/** Activates marbles with UUIDs of their own, each verified from its quote on. */
async function activateMany(from: number, to: number): Promise<void> {
  const call = await prepareActivation(coordinator);
  const { Quote, CSR } = call.request;
  const session = openSession(call);
  let next = from;
  const stream = async (): Promise<void> => {
    while (next < to) {
      next += 1;
      const fields = { Quote, CSR, UUID: crypto.randomUUID(), MarbleType: `type-${next % TYPES}` };
      await activateOn(session, create(ActivationReqSchema, fields));
    }
  };
  await Promise.all(Array.from({ length: STREAMS }, stream));
  session.destroy();
}

async function metric(name: string): Promise<readonly number[]> {
  const text = await (await fetch(metricsUrl)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name));
  return lines.map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
}

const residentMiB = async () =>
  ((await metric("process_resident_memory_bytes "))[0] ?? 0) / 2 ** 20;

test(`${MARBLES} marbles of ${TYPES} types activate without an error, in flat memory`, async () => {
  let warmMiB = 0;
  for (let known = 0; known < MARBLES; known += PER_CONNECTION) {
    await activateMany(known, known + PER_CONNECTION);
    if (known + PER_CONNECTION === WARM) warmMiB = await residentMiB();
  }
  expect((await residentMiB()) - warmMiB).toBeLessThan(MAX_GROWTH_MIB);
  const granted = await metric("coordinator_marble_activations_success_total{");
  expect(granted.reduce((sum, value) => sum + value, 0)).toBe(MARBLES);
  expect(granted).toHaveLength(MARBLES);
  expect(coordinator.log()).not.toContain('"level":"error"');
  expect((await activate(coordinator)).kind).toBe("accepted");
}, 600_000);
