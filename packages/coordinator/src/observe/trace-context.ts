import {
  type Context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import type { TraceParent } from "./tracing.ts";

/** `version-traceid-parentid-flags`; later versions may append fields (W3C Trace Context 3.2). */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** Characters of `tracestate` that are passed on: as many as the standard asks for. */
const MAX_TRACESTATE = 512;
/** Longest `traceparent` that is looked at; version 00 has 55 characters. */
const MAX_TRACEPARENT = 128;

/** The context of the caller's span, or the root where the headers name none or a malformed one. */
export function contextOf(parent: TraceParent): Context {
  const remote = parseTraceParent(parent);
  return remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
}

/** Reads the headers of W3C Trace Context; attacker-controlled. Undefined for what is malformed. */
export function parseTraceParent(parent: TraceParent): SpanContext | undefined {
  const { traceparent = "", tracestate } = parent;
  if (traceparent.length > MAX_TRACEPARENT) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", more] =
    TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === "ff") return undefined;
  if (version === "00" && more !== undefined) return undefined;
  const context: SpanContext = {
    traceId,
    spanId,
    // Only the sampled bit is defined.
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(tracestate !== undefined &&
      tracestate.length <= MAX_TRACESTATE && { traceState: createTraceState(tracestate) }),
  };
  return isSpanContextValid(context) ? context : undefined;
}
