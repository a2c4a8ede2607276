import type { Registry } from "prom-client";
import { counterOf, gaugeOf, histogramOf } from "./instruments.ts";
import { METRICS } from "./metric-names.ts";

/** A request that has been answered, or whose peer has gone. */
interface FinishedRequest {
  readonly method: string;
  /** HTTP status; undefined when the connection ended before an answer. */
  readonly status: number | undefined;
  readonly seconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** Counts the requests of the client API. */
export interface HttpMetrics {
  /** Counts a request of the route `path` as being answered; the result ends it. */
  started(path: string): (finished: FinishedRequest) => void;
}

/** Label of requests that ended before an answer, as web servers call it. */
const CLIENT_GONE = "499";

/**
 * The `server_client_api_…` metrics. Each path is that of a route, or empty for unknown ones, and the
 * methods are those that Node's parser knows: callers cannot make series.
 */
export function createHttpMetrics(registry: Registry): HttpMetrics {
  const requests = counterOf(registry, METRICS.requests);
  const seconds = histogramOf(registry, METRICS.requestSeconds);
  const requestBytes = histogramOf(registry, METRICS.requestBytes);
  const responseBytes = histogramOf(registry, METRICS.responseBytes);
  const inFlight = gaugeOf(registry, METRICS.requestsInFlight);
  return {
    started: (path) => {
      inFlight.inc({ path });
      return (finished) => {
        const method = finished.method.toLowerCase();
        const code = String(finished.status ?? CLIENT_GONE);
        inFlight.dec({ path });
        requests.inc({ code, method, path });
        seconds.observe({ method, path }, finished.seconds);
        requestBytes.observe({ path }, finished.requestBytes);
        responseBytes.observe({ path }, finished.responseBytes);
      };
    },
  };
}
