import type { FastifyRequest } from "fastify";
import type { Tracing } from "../../observe/tracing.ts";
import type { Route } from "./routes-v2.ts";

/** Spans by the end of the path of a POST; what only reads is not traced. */
const SPAN_NAMES: ReadonlyMap<string, string> = new Map([
  ["manifest", "set manifest"],
  ["update", "update manifest"],
  ["update-manifest", "acknowledge update"],
  ["update-cancel", "cancel update"],
  ["recover", "recover"],
]);

/** Runs `work` in a span if the route is one that changes the mesh and traces are on. */
export async function traceRequest<T>(
  tracing: Tracing | undefined,
  { method, path }: Pick<Route, "method" | "path">,
  request: FastifyRequest,
  work: () => Promise<T>,
): Promise<T> {
  const name = method === "POST" ? SPAN_NAMES.get(path.replace(/^.*\//, "")) : undefined;
  if (tracing === undefined || name === undefined) return await work();
  return await tracing.request(name, parentOf(request), async (span) => {
    span.set({ "http.route": path, "carrara.request_id": request.id });
    return await work();
  });
}

function parentOf({ headers }: FastifyRequest) {
  const one = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === "string" ? value : undefined;
  };
  return { traceparent: one("traceparent"), tracestate: one("tracestate") };
}
