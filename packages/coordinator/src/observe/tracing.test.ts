import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { callHttps } from "../testing/http-client.ts";
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
} from "../testing/otlp-receiver.ts";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../testing/test-coordinator.ts";
import { testManifest } from "../testing/test-manifest.ts";
import { callActivate, prepareMarble, TEST_UUID } from "../testing/test-marble.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const TRACEPARENT = `00-${TRACE}-${CALLER}-01`;
const SERVER = 2;
const ERROR = 2;

let machine: TestMachine;
const receivers: OtlpReceiver[] = [];

beforeEach(async () => {
  machine = await createTestMachine();
});

afterEach(async () => {
  await machine.close();
  await Promise.all(receivers.splice(0).map(async (each) => await each.close()));
});

async function receiver(status?: number): Promise<OtlpReceiver> {
  const started = await startOtlpReceiver(status);
  receivers.push(started);
  return started;
}

async function startTraced(endpoint: string): Promise<TestCoordinator> {
  return await machine.start({ environment: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } });
}

const LIMITED = { Marbles: { web: { Package: "p", MaxActivations: 1 } } };

async function setManifest(to: TestCoordinator, headers: Record<string, string> = {}) {
  const manifest = Buffer.from(testManifest(LIMITED)).toString("base64");
  const body = JSON.stringify({ manifest });
  return await callHttps(to.clientPort, { path: "/api/v2/manifest", body, headers });
}

async function activateWeb(to: TestCoordinator, metadata: Record<string, string> = {}) {
  const { identity, fields } = await prepareMarble("web", machine.teeFor());
  return await callActivate(to.meshPort, identity, fields, metadata);
}

function named(spans: readonly ReceivedSpan[], name: string): readonly ReceivedSpan[] {
  return spans.filter((span) => span.name === name);
}

describe("spans", () => {
  test("of an activation are its steps, below the caller's span", async () => {
    const { url, spans } = await receiver();
    const coordinator = await startTraced(url);
    await setManifest(coordinator);
    expect(await activateWeb(coordinator, { traceparent: TRACEPARENT })).toMatchObject({
      kind: "accepted",
    });
    await coordinator.close();
    const [root] = named(spans, "activate");
    expect(root).toMatchObject({ kind: SERVER, traceId: TRACE, parentSpanId: CALLER });
    expect(root?.attributes).toMatchObject({
      "rpc.system": "grpc",
      marbleType: "web",
      uuid: TEST_UUID,
    });
    const steps = spans.filter(({ parentSpanId }) => parentSpanId === root?.spanId);
    expect(steps.map(({ name }) => name)).toEqual(["verify quote", "appraise", "issue", "commit"]);
    expect(new Set(steps.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  });

  test("of a refusal have its code, at the step that refused", async () => {
    const { url, spans } = await receiver();
    const coordinator = await startTraced(url);
    await setManifest(coordinator);
    const { identity, fields } = await prepareMarble("web", machine.teeFor({ debug: true }));
    await callActivate(coordinator.meshPort, identity, fields);
    await coordinator.close();
    for (const name of ["appraise", "activate"]) {
      const [span] = named(spans, name);
      expect(span).toMatchObject({ status: { code: ERROR } });
      expect(span?.attributes).toMatchObject({ "carrara.code": "PACKAGE_DEBUG" });
    }
    expect(named(spans, "issue")).toEqual([]);
  });

  test("of requests that change the mesh continue the caller's trace", async () => {
    const { url, spans } = await receiver();
    const coordinator = await startTraced(url);
    await setManifest(coordinator, { traceparent: TRACEPARENT });
    const answer = await callHttps(coordinator.clientPort, { path: "/api/v2/recover", body: "{}" });
    await callHttps(coordinator.clientPort, { path: "/api/v2/update", body: "{}" });
    await callHttps(coordinator.clientPort, { path: "/api/v2/status" });
    await coordinator.close();
    expect(named(spans, "set manifest")[0]).toMatchObject({
      kind: SERVER,
      traceId: TRACE,
      parentSpanId: CALLER,
    });
    const [recover] = named(spans, "recover");
    expect(recover).toMatchObject({ status: { code: ERROR } });
    expect(recover?.attributes).toMatchObject({
      "http.route": "/api/v2/recover",
      "carrara.code": "STATE_WRONG",
      "carrara.request_id": answer.headers["carrara-request-id"],
    });
    expect(named(spans, "update manifest")[0]?.attributes).toMatchObject({
      "carrara.code": "USER_UNAUTHORIZED",
    });
    expect(spans).toHaveLength(3);
  });

  test("of a caller who does not sample are not sent", async () => {
    const { url, spans } = await receiver();
    const coordinator = await startTraced(url);
    await setManifest(coordinator, { traceparent: `00-${TRACE}-${CALLER}-00` });
    await coordinator.close();
    expect(spans).toEqual([]);
  });
});

describe("a collector", () => {
  test("that refuses or is gone fails no request, and the log says so once", async () => {
    const refusing = await receiver(400);
    const gone = await receiver();
    await gone.close();
    for (const { url } of [refusing, gone]) {
      machine.files.clear();
      const coordinator = await startTraced(url);
      expect(await setManifest(coordinator)).toMatchObject({ status: 200 });
      const start = performance.now();
      await coordinator.close();
      expect(performance.now() - start).toBeLessThan(5000);
      const reports = coordinator.log.records.filter(
        ({ fields }) => fields["code"] === "TRACES_NOT_EXPORTED",
      );
      expect(reports).toHaveLength(1);
    }
    expect(refusing.requests).toHaveLength(1);
  });

  test("gets the configured headers, and nothing is sent without one", async () => {
    const { url, requests } = await receiver();
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20token",
      OTEL_SERVICE_NAME: "my-mesh",
    };
    const coordinator = await machine.start({ environment });
    await setManifest(coordinator);
    await coordinator.close();
    expect(requests[0]).toContain('"authorization":"Bearer token"');
    expect(requests[0]).toContain('"my-mesh"');
    const silent = await machine.start();
    await setManifest(silent);
    await silent.close();
    expect(requests).toHaveLength(1);
  });
});
