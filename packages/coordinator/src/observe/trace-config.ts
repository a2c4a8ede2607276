import { CoordinatorError } from "../error.ts";

/** Where traces are sent. */
export interface TraceConfig {
  /** The collector's address for traces, with its path. */
  readonly url: string;
  /** Sent with each export; may hold a token, so it is never shown. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  /** Whether the environment asked for protobuf; JSON is what is sent. */
  readonly protobufAsked: boolean;
}

const SERVICE_NAME = "carrara-coordinator";

/**
 * Reads OpenTelemetry's standard variables; undefined unless an endpoint is set. Throws
 * `CONFIG_INVALID`, without showing values: endpoint and headers may carry credentials.
 */
export function readTraceConfig(
  value: (name: string) => string | undefined,
): TraceConfig | undefined {
  const url = endpointOf(value);
  if (url === undefined || value("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return undefined;
  const protocol =
    value("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ??
    value("OTEL_EXPORTER_OTLP_PROTOCOL") ??
    "http/json";
  if (protocol !== "http/json" && protocol !== "http/protobuf") {
    throw new CoordinatorError(
      "CONFIG_INVALID",
      "OTEL_EXPORTER_OTLP_PROTOCOL is neither http/json nor http/protobuf",
    );
  }
  const headers =
    value("OTEL_EXPORTER_OTLP_TRACES_HEADERS") ?? value("OTEL_EXPORTER_OTLP_HEADERS") ?? "";
  return {
    url,
    headers: parseHeaders(headers),
    serviceName: value("OTEL_SERVICE_NAME") ?? SERVICE_NAME,
    protobufAsked: protocol === "http/protobuf",
  };
}

function endpointOf(value: (name: string) => string | undefined): string | undefined {
  const whole = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if (whole !== undefined) return requireHttpUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", whole);
  const base = value("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (base === undefined) return undefined;
  const slash = base.endsWith("/") ? "" : "/";
  return requireHttpUrl("OTEL_EXPORTER_OTLP_ENDPOINT", `${base}${slash}v1/traces`);
}

function requireHttpUrl(name: string, text: string): string {
  const protocol = URL.canParse(text) ? new URL(text).protocol : undefined;
  if (protocol === "http:" || protocol === "https:") return text;
  throw new CoordinatorError("CONFIG_INVALID", `${name} is no http or https address`);
}

/** `key=value,key=value`, percent-encoded as in W3C Baggage. */
function parseHeaders(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(",").filter((pair) => pair.trim() !== "");
  return Object.fromEntries(pairs.map(parseHeader));
}

function parseHeader(pair: string): readonly [string, string] {
  const [, name = "", value = ""] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=(.*)$/s.exec(pair) ?? [];
  try {
    if (name === "") throw new URIError("no name");
    return [name, decodeURIComponent(value.trim())];
  } catch {
    // Without the cause: its message may repeat the value.
    throw new CoordinatorError("CONFIG_INVALID", "OTEL_EXPORTER_OTLP_HEADERS is malformed");
  }
}
