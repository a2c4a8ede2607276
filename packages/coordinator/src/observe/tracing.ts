/** Facts of a span. Names, numbers and codes, never secret values. */
type SpanFields = Readonly<Record<string, string | number | boolean>>;

/** A piece of work that is being traced. */
export interface TraceSpan {
  /** Adds facts. */
  set(fields: SpanFields): void;
  /** Runs `work` in a span below this one; a failure gives it the failure's code. */
  step<T>(name: string, work: () => Promise<T> | T): Promise<T>;
}

/** The W3C Trace Context headers of a request, as they came. */
export interface TraceParent {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/** Where spans go. */
export interface Tracing {
  /** Runs `work` in the span of a request that continues the caller's trace, if it names one. */
  request<T>(name: string, parent: TraceParent, work: (span: TraceSpan) => Promise<T>): Promise<T>;
  /** Sends what is left, waiting for a bounded time. May be called twice. */
  close(): Promise<void>;
}

/** The span of a request that nobody traces. */
export const UNTRACED: TraceSpan = {
  set: () => undefined,
  step: async (_name, work) => await work(),
};
