import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { samplesOf } from "../testing/metrics-client.ts";
import { createActivationMetrics } from "./activation-metrics.ts";

const ATTEMPTS = "coordinator_marble_activations_total";
const SUCCESSES = "coordinator_marble_activations_success_total";

test("callers who are refused make no series, whatever they call themselves", async () => {
  const registry = new Registry();
  const metrics = createActivationMetrics(registry);
  for (let i = 0; i < 500; i += 1) {
    metrics.refused({ knownType: undefined, uuid: `uuid ${i}` }, "MARBLE_TYPE_UNKNOWN");
    metrics.refused({ knownType: "web", uuid: `uuid ${i}` }, "QUOTE_INVALID");
  }
  const text = await registry.metrics();
  expect(samplesOf(text, ATTEMPTS)).toEqual(
    new Map([
      ['type="",uuid=""', 500],
      ['type="web",uuid=""', 500],
    ]),
  );
  expect(samplesOf(text, "coordinator_marble_refusals_total")).toEqual(
    new Map([
      ['code="MARBLE_TYPE_UNKNOWN"', 500],
      ['code="QUOTE_INVALID"', 500],
    ]),
  );
});

test("a marble has its own series from its first success on", async () => {
  const registry = new Registry();
  const metrics = createActivationMetrics(registry);
  metrics.refused({ knownType: "web", uuid: "a" }, "QUOTE_INVALID");
  metrics.succeeded({ type: "web", uuid: "a" });
  metrics.refused({ knownType: "web", uuid: "a" }, "QUOTE_INVALID");
  const text = await registry.metrics();
  expect(samplesOf(text, ATTEMPTS)).toEqual(
    new Map([
      ['type="web",uuid=""', 1],
      ['type="web",uuid="a"', 2],
    ]),
  );
  expect(samplesOf(text, SUCCESSES)).toEqual(new Map([['type="web",uuid="a"', 1]]));
});

test("past the limit marbles share one series a type, and a metric says so", async () => {
  const registry = new Registry();
  const metrics = createActivationMetrics(registry, 2);
  const reached = "coordinator_marble_series_limit_reached";
  for (const uuid of ["a", "b"]) metrics.succeeded({ type: "web", uuid });
  expect(samplesOf(await registry.metrics(), reached)).toEqual(new Map([["", 0]]));
  for (const uuid of ["c", "d", "a"]) metrics.succeeded({ type: "web", uuid });
  const text = await registry.metrics();
  expect(samplesOf(text, SUCCESSES)).toEqual(
    new Map([
      ['type="web",uuid="a"', 2],
      ['type="web",uuid="b"', 1],
      ['type="web",uuid=""', 2],
    ]),
  );
  expect(samplesOf(text, reached)).toEqual(new Map([["", 1]]));
});
