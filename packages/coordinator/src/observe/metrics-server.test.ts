import { readFile } from "node:fs/promises";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callHttps } from "../testing/http-client.ts";
import { callMetrics, samplesOf } from "../testing/metrics-client.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../testing/test-coordinator.ts";
import { testManifest } from "../testing/test-manifest.ts";
import { callActivate, prepareMarble, TEST_UUID } from "../testing/test-marble.ts";
import { METRICS } from "./metric-names.ts";

const ENVIRONMENT = { EDG_COORDINATOR_PROMETHEUS_ADDR: "127.0.0.1:0" };
const ACTIVATE = 'grpc_type="unary",grpc_service="rpc.Marble",grpc_method="Activate"';

let machine: TestMachine;
let running: TestCoordinator;
let quote: Uint8Array;

beforeAll(async () => {
  machine = await createTestMachine();
  running = await machine.start({ environment: ENVIRONMENT });
});

afterAll(async () => await machine.close());

async function scrape(): Promise<string> {
  return (await callMetrics(running.metricsPort, "/metrics")).text;
}

async function sampleOf(name: string, labels: string): Promise<number | undefined> {
  return samplesOf(await scrape(), name).get(labels);
}

async function activateAs(marbleType: string, uuid?: string) {
  const { identity, fields } = await prepareMarble(marbleType, machine.teeFor(), uuid);
  quote = fields.Quote;
  return await callActivate(running.meshPort, identity, fields);
}

describe("before a manifest", () => {
  test("events are null, the state is 2 and both probes are well", async () => {
    expect(await callMetrics(running.metricsPort, "/events")).toMatchObject({ text: "null\n" });
    expect(await sampleOf("coordinator_state", "")).toBe(2);
    expect(await callMetrics(running.metricsPort, "/healthz")).toMatchObject({ status: 200 });
    const ready = await callMetrics(running.metricsPort, "/readyz");
    expect(ready).toMatchObject({ status: 200 });
    expect(JSON.parse(ready.text)).toEqual({ ready: true, state: 2, store: "reachable" });
  });

  test("an activation is an attempt, without the names that its caller chose", async () => {
    expect(await activateAs("web")).toMatchObject({ kind: "refused" });
    const text = await scrape();
    expect(samplesOf(text, "coordinator_marble_activations_total")).toEqual(
      new Map([['type="",uuid=""', 1]]),
    );
    expect(samplesOf(text, "grpc_server_handled_total")).toContainEqual([
      `${ACTIVATE},grpc_code="FailedPrecondition"`,
      1,
    ]);
  });
});

describe("with a manifest", () => {
  beforeAll(async () => {
    await running.coordinator.setManifest(testManifest());
    expect(await activateAs("web")).toMatchObject({ kind: "accepted" });
  });

  test("the state is 3 and the commit is counted", async () => {
    expect(await sampleOf("coordinator_state", "")).toBe(3);
    const commits = await sampleOf(
      "coordinator_state_commit_duration_seconds_count",
      'outcome="saved"',
    );
    expect(commits).toBe(1);
  });

  test("a granted activation has series of its own and is an event", async () => {
    const labels = `type="web",uuid="${TEST_UUID}"`;
    expect(await sampleOf("coordinator_marble_activations_total", labels)).toBe(1);
    expect(await sampleOf("coordinator_marble_activations_success_total", labels)).toBe(1);
    const { text, headers } = await callMetrics(running.metricsPort, "/events");
    const [{ time, activation }] = JSON.parse(text);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    expect(activation).toEqual({
      marbleType: "web",
      uuid: TEST_UUID,
      quote: Buffer.from(quote).toString("base64"),
    });
    expect(headers.get("carrara-events-dropped")).toBe("0");
    expect(headers.get("content-type")).toBe("application/json");
  });

  test("grpc calls are counted with their codes and messages", async () => {
    expect(await activateAs("nobody")).toMatchObject({ kind: "refused" });
    const text = await scrape();
    const handled = samplesOf(text, "grpc_server_handled_total");
    expect(handled.get(`${ACTIVATE},grpc_code="OK"`)).toBe(1);
    expect(handled.get(`${ACTIVATE},grpc_code="PermissionDenied"`)).toBe(1);
    expect(handled.get(`${ACTIVATE},grpc_code="Canceled"`)).toBe(0);
    expect(handled.size).toBe(17);
    expect(samplesOf(text, "grpc_server_started_total").get(ACTIVATE)).toBe(3);
    expect(samplesOf(text, "grpc_server_msg_received_total").get(ACTIVATE)).toBe(3);
    expect(samplesOf(text, "grpc_server_msg_sent_total").get(ACTIVATE)).toBe(1);
  });
});

describe("the client api", () => {
  const requests = "server_client_api_http_request_total";

  test("counts requests by code, method and route, with time and sizes", async () => {
    const path = "/api/v2/status";
    const before = samplesOf(await scrape(), requests).get(
      `code="200",method="get",path="${path}"`,
    );
    const { text } = await callHttps(running.clientPort, { path: `${path}?x=1` });
    await callHttps(running.clientPort, { path: "/api/v2/recover", body: "{" });
    const after = await scrape();
    expect(samplesOf(after, requests).get(`code="200",method="get",path="${path}"`)).toBe(
      (before ?? 0) + 1,
    );
    const failed = `code="400",method="post",path="/api/v2/recover"`;
    expect(samplesOf(after, requests).get(failed)).toBe(1);
    const seconds = "server_client_api_http_request_duration_histogram_seconds";
    expect(samplesOf(after, `${seconds}_count`).get(`method="get",path="${path}"`)).toBe(1);
    const sizes = "server_client_api_http_response_size_histogram_bytes_sum";
    expect(samplesOf(after, sizes).get(`path="${path}"`)).toBe(text.length);
    const inFlight = samplesOf(after, "server_client_api_http_in_flight_requests");
    expect([...inFlight.values()].every((value) => value === 0)).toBe(true);
  });

  test("counts a request whose caller has gone", async () => {
    const socket = connect({
      port: running.clientPort,
      host: "127.0.0.1",
      rejectUnauthorized: false,
    });
    socket.on("error", () => undefined);
    socket.write("POST /api/v2/recover HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", () =>
      setTimeout(() => socket.destroy(), 100),
    );
    const gone = `code="499",method="post",path="/api/v2/recover"`;
    await expect.poll(async () => await sampleOf(requests, gone)).toBe(1);
    const inFlight = "server_client_api_http_in_flight_requests";
    expect(await sampleOf(inFlight, `path="/api/v2/recover"`)).toBe(0);
  });

  test("answers unknown paths and counts them under an empty one", async () => {
    for (const path of ["/nothing", "/api/v2/nothing", "/x/../y"]) {
      expect((await callHttps(running.clientPort, { path })).status).toBe(405);
    }
    expect(await sampleOf(requests, 'code="405",method="get",path=""')).toBe(3);
  });
});

describe("the metrics server", () => {
  test("serves every metric under its name, with its labels", async () => {
    const text = await scrape();
    for (const { name } of Object.values(METRICS)) expect(text).toContain(`# TYPE ${name} `);
    expect(samplesOf(text, "coordinator_version_info")).toEqual(
      new Map([[`version="0.1.0",commit="${"0".repeat(40)}"`, 0]]),
    );
    const bounds = [...samplesOf(text, `${METRICS.requestBytes.name}_bucket`).keys()]
      .filter((labels) => labels.includes('path="/api/v2/recover"'))
      .map((labels) => /le="([^"]+)"/.exec(labels)?.[1]);
    expect(bounds).toEqual(["100", "1000", "2000", "5000", "10000", "+Inf"]);
  });

  test("counts its own scrapes", async () => {
    const name = "promhttp_metric_handler_requests_total";
    const before = await sampleOf(name, 'code="200"');
    expect(await sampleOf(name, 'code="200"')).toBe((before ?? 0) + 1);
    expect(await sampleOf("promhttp_metric_handler_requests_in_flight", "")).toBe(1);
  });

  test.each([
    ["GET", "/", 404],
    ["GET", "/metrics/", 404],
    ["POST", "/metrics", 405],
    ["HEAD", "/metrics", 200],
    ["GET", "/metrics?x=1", 200],
  ])("answers %s %s with %i", async (method, path, status) => {
    expect(await callMetrics(running.metricsPort, path, method)).toMatchObject({ status });
  });

  test("is not there unless it is configured, and ends with the coordinator", async () => {
    const other = await machine.start();
    expect(other.metricsPort).toBeUndefined();
    const measured = await machine.start({ environment: ENVIRONMENT });
    await measured.close();
    await measured.close();
    await expect(callMetrics(measured.metricsPort, "/healthz")).rejects.toThrow();
  });
});

test("docs/operate.md lists every metric, and none that is gone", async () => {
  const page = await readFile(new URL("../../../../docs/operate.md", import.meta.url), "utf8");
  const listed = [...page.matchAll(/^\| `([a-z]+_[a-z_]+)` \|/gm)].map(([, name]) => name);
  expect(listed.sort()).toEqual(
    Object.values(METRICS)
      .map(({ name }) => name)
      .sort(),
  );
});
