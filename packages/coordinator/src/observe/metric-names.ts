/** What a metric is called, says and is split by. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds, for histograms. */
  readonly buckets?: readonly number[];
}

/** What the program calls its metrics. */
type MetricKey =
  | "version"
  | "state"
  | "activations"
  | "activationSuccesses"
  | "requests"
  | "requestSeconds"
  | "requestBytes"
  | "responseBytes"
  | "requestsInFlight"
  | "grpcStarted"
  | "grpcHandled"
  | "grpcReceived"
  | "grpcSent"
  | "scrapes"
  | "scrapesInFlight"
  | "grpcSeconds"
  | "refusals"
  | "commitSeconds"
  | "eventsDropped"
  | "unlabelledActivations";

const SIZE_BUCKETS = [100, 1000, 2000, 5000, 10_000];
const GRPC_LABELS = ["grpc_type", "grpc_service", "grpc_method"];

/**
 * Every metric that is served beside those of the process. The names are MarbleRun's (spec marblerun
 * section 12), so that dashboards go on working; those from `grpcSeconds` on are Carrara's.
 */
export const METRICS: Readonly<Record<MetricKey, MetricDefinition>> = {
  version: {
    name: "coordinator_version_info",
    help: "Version and commit of the Coordinator; the value is always 0",
    labels: ["version", "commit"],
  },
  state: {
    name: "coordinator_state",
    help: "State of the Coordinator: 0 not yet started, 1 recovery, 2 accepting a manifest, 3 accepting marbles",
    labels: [],
  },
  activations: {
    name: "coordinator_marble_activations_total",
    help: "Attempts to activate a marble, counted when they are decided",
    labels: ["type", "uuid"],
  },
  activationSuccesses: {
    name: "coordinator_marble_activations_success_total",
    help: "Marbles activated",
    labels: ["type", "uuid"],
  },
  requests: {
    name: "server_client_api_http_request_total",
    help: "Requests to the client API",
    labels: ["code", "method", "path"],
  },
  requestSeconds: {
    name: "server_client_api_http_request_duration_histogram_seconds",
    help: "Seconds from a request's headers to the end of its answer",
    labels: ["method", "path"],
    buckets: [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5],
  },
  requestBytes: {
    name: "server_client_api_http_request_size_histogram_bytes",
    help: "Bytes of requests: target, headers and the body as far as it was read",
    labels: ["path"],
    buckets: SIZE_BUCKETS,
  },
  responseBytes: {
    name: "server_client_api_http_response_size_histogram_bytes",
    help: "Bytes of the bodies of answers",
    labels: ["path"],
    buckets: SIZE_BUCKETS,
  },
  requestsInFlight: {
    name: "server_client_api_http_in_flight_requests",
    help: "Requests that are being answered",
    labels: ["path"],
  },
  grpcStarted: {
    name: "grpc_server_started_total",
    help: "RPCs started on the server",
    labels: GRPC_LABELS,
  },
  grpcHandled: {
    name: "grpc_server_handled_total",
    help: "RPCs completed on the server, whatever their outcome",
    labels: [...GRPC_LABELS, "grpc_code"],
  },
  grpcReceived: {
    name: "grpc_server_msg_received_total",
    help: "RPC messages received",
    labels: GRPC_LABELS,
  },
  grpcSent: {
    name: "grpc_server_msg_sent_total",
    help: "RPC messages sent",
    labels: GRPC_LABELS,
  },
  scrapes: {
    name: "promhttp_metric_handler_requests_total",
    help: "Scrapes by HTTP status code",
    labels: ["code"],
  },
  scrapesInFlight: {
    name: "promhttp_metric_handler_requests_in_flight",
    help: "Scrapes being served",
    labels: [],
  },
  grpcSeconds: {
    name: "grpc_server_handling_seconds",
    help: "Seconds from a decoded RPC to its answer",
    labels: GRPC_LABELS,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  refusals: {
    name: "coordinator_marble_refusals_total",
    help: "Activations refused, by Carrara's code",
    labels: ["code"],
  },
  commitSeconds: {
    name: "coordinator_state_commit_duration_seconds",
    help: "Seconds to make a new state durable",
    labels: ["outcome"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  },
  eventsDropped: {
    name: "coordinator_events_dropped_total",
    help: "Events that /events no longer shows",
    labels: [],
  },
  unlabelledActivations: {
    name: "coordinator_marble_series_limit_reached",
    help: "1 once marbles are counted under an empty uuid because too many are known",
    labels: [],
  },
};
