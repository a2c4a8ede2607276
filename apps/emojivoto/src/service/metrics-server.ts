import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";

/** Creates a server of `GET /metrics` in Prometheus' text format; every other path is a 404. */
export function createMetricsServer(registry: Registry): Server {
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    void registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
}
