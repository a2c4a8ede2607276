import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { ListenAddress } from "../config.ts";
import { type ListeningServer, listenForConnections } from "../listen-for-connections.ts";
import type { Log } from "../log.ts";
import type { EventLog } from "./event-log.ts";
import type { Metrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";

/** What {@link serveMetrics} needs. */
export interface MetricsServerDeps {
  readonly address: ListenAddress;
  readonly metrics: Metrics;
  readonly events: EventLog;
  readonly readiness: () => Promise<Readiness>;
  readonly log: Log;
}

/** Header that says how many events `/events` has forgotten; its body keeps upstream's form. */
const EVENTS_DROPPED_HEADER = "carrara-events-dropped";

/** Connections at once: a few scrapers and probes. */
const MAX_CONNECTIONS = 64;
/** Milliseconds for a whole request. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Milliseconds between looks for requests that take too long. */
const CHECK_INTERVAL_MS = 1000;

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const JSON_TYPE = "application/json";
const TEXT_TYPE = "text/plain; charset=utf-8";

/**
 * Serves `/metrics` and `/events` (spec marblerun section 12), `/healthz` (the process answers) and
 * `/readyz` (it can work) over plain HTTP. Nothing secret is behind it, but names of marbles are:
 * listen where only the operator's systems reach it. Throws listen errors.
 */
export async function serveMetrics(deps: MetricsServerDeps): Promise<ListeningServer> {
  const { address, log } = deps;
  const pages = pagesOf(deps);
  const limits = {
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
  const server = createServer(limits, (request, response) => {
    void answer(pages, request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  const listening = await listenForConnections(server, address);
  log.info({ port: listening.port }, "metrics server listening");
  return listening;
}

type Pages = ReadonlyMap<string, () => Promise<Page>>;

function pagesOf({ metrics, events, readiness }: MetricsServerDeps): Pages {
  const render = sharedWhileUnderWay(async () => await metrics.registry.metrics());
  return new Map([
    ["/metrics", async () => await metricsPage(metrics, render)],
    ["/events", async () => await Promise.resolve(eventsPage(events))],
    ["/healthz", async () => await Promise.resolve({ status: 200, type: TEXT_TYPE, body: "ok\n" })],
    ["/readyz", async () => readinessPage(await readiness())],
  ]);
}

async function metricsPage(metrics: Metrics, render: () => Promise<string>): Promise<Page> {
  let body = "";
  await metrics.scrape(async () => {
    body = await render();
    return 200;
  });
  return { status: 200, type: metrics.registry.contentType, body };
}

function eventsPage(events: EventLog): Page {
  const headers = { [EVENTS_DROPPED_HEADER]: String(events.dropped()) };
  return { status: 200, type: JSON_TYPE, body: `${events.json()}\n`, headers };
}

function readinessPage(readiness: Readiness): Page {
  const status = readiness.ready ? 200 : 503;
  return { status, type: JSON_TYPE, body: `${JSON.stringify(readiness)}\n` };
}

async function answer(
  pages: Pages,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url = "" } = request;
  const page = pages.get(url.split("?", 1)[0] ?? "");
  if (page === undefined) {
    send(response, { status: 404, type: TEXT_TYPE, body: "not found\n" });
  } else if (method !== "GET" && method !== "HEAD") {
    send(response, { status: 405, type: TEXT_TYPE, body: "method not allowed\n" });
  } else {
    const failed: Page = { status: 500, type: TEXT_TYPE, body: "internal error\n" };
    send(response, await page().catch(() => failed));
  }
}

function send(response: ServerResponse, { status, type, body, headers }: Page): void {
  const length = String(Buffer.byteLength(body));
  response.writeHead(status, { "content-type": type, "content-length": length, ...headers });
  // Node leaves the body out of answers to HEAD by itself.
  response.end(body);
}

/** Calls that come while one is under way get its result: many scrapers cost what one does. */
function sharedWhileUnderWay<T>(run: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return async () => {
    underWay ??= run().finally(() => {
      underWay = undefined;
    });
    return await underWay;
  };
}
