import { type Context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { reasonOf } from "../error.ts";
import type { Log } from "../log.ts";
import type { BuildInfo } from "./metrics.ts";
import type { TraceConfig } from "./trace-config.ts";
import { contextOf } from "./trace-context.ts";
import type { TraceSpan, Tracing } from "./tracing.ts";

/** What {@link createOtlpTracing} needs. */
export interface OtlpTracingDeps {
  readonly config: TraceConfig;
  readonly build: BuildInfo;
  readonly log: Log;
}

/** Spans that wait for the exporter; more are dropped: memory stays flat without a collector. */
const MAX_WAITING_SPANS = 2048;
/** Characters of one attribute. */
const MAX_ATTRIBUTE_CHARS = 256;
/** Milliseconds that one export may take. */
const EXPORT_TIMEOUT_MS = 10_000;
/** Milliseconds that closing waits for the last export. */
const CLOSE_TIMEOUT_MS = 2000;

/**
 * Traces over OTLP, as JSON over HTTP. Only loaded when an endpoint is configured. Nothing is
 * registered globally and no async hook is installed: spans travel as arguments. What cannot be
 * exported is dropped, and the log says so once until it works again.
 */
export function createOtlpTracing({ config, build, log }: OtlpTracingDeps): Tracing {
  const { url, headers, serviceName } = config;
  const exporter = new OTLPTraceExporter({ url, headers, timeoutMillis: EXPORT_TIMEOUT_MS });
  const processor = new BatchSpanProcessor(reporting(exporter, log), {
    maxQueueSize: MAX_WAITING_SPANS,
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      "service.name": serviceName,
      "service.version": build.version,
    }),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_CHARS },
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer("carrara", build.version);
  const begin = (name: string, kind: SpanKind, parent: Context) => {
    const span = tracer.startSpan(name, { kind }, parent);
    return { span, below: trace.setSpan(parent, span) };
  };
  const step =
    (parent: Context): TraceSpan["step"] =>
    async (name, work) => {
      const { span } = begin(name, SpanKind.INTERNAL, parent);
      return await ended(span, async () => await work());
    };
  let closed: Promise<void> | undefined;
  return {
    request: async (name, parent, work) => {
      const { span, below } = begin(name, SpanKind.SERVER, contextOf(parent));
      const handle: TraceSpan = {
        set: (fields) => void span.setAttributes({ ...fields }),
        step: step(below),
      };
      return await ended(span, async () => await work(handle));
    },
    close: async () => {
      closed ??= withinCloseTimeout(provider.shutdown());
      await closed;
    },
  };
}

/** Runs `work` and ends `span` with its outcome; of a failure it says the code only. */
async function ended<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.setAttribute("carrara.code", reasonOf(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** Reports the first of several failures in a row; the error's text may name the address only. */
function reporting(exporter: SpanExporter, log: Log): SpanExporter {
  let failing = false;
  return {
    export: (spans: ReadableSpan[], done) => {
      exporter.export(spans, (result) => {
        // 0 is success in OpenTelemetry's ExportResultCode.
        const failed = result.code !== 0;
        if (failed && !failing) {
          log.warn({ code: "TRACES_NOT_EXPORTED", spans: spans.length }, "traces dropped");
        }
        failing = failed;
        done(result);
      });
    },
    shutdown: async () => await exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  };
}

async function withinCloseTimeout(work: Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    work
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(timer);
        resolve();
      });
  });
}
