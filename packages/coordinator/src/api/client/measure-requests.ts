import type { IncomingMessage } from "node:http";
import type { Server } from "node:https";
import type { FastifyInstance } from "fastify";
import type { HttpMetrics } from "../../observe/http-metrics.ts";

/** Label of requests to no route. */
const UNKNOWN_PATH = "";

/** Counts each request of `app` in `http`, from its headers until its answer is out or its peer gone. */
export function measureRequests(app: FastifyInstance<Server>, http: HttpMetrics): void {
  app.addHook("onRequest", (request, reply, done) => {
    const start = performance.now();
    const finish = http.started(request.routeOptions.url ?? UNKNOWN_PATH);
    const { raw } = reply;
    raw.once("close", () => {
      const { body } = request;
      finish({
        method: request.method,
        status: raw.headersSent ? raw.statusCode : undefined,
        seconds: (performance.now() - start) / 1000,
        requestBytes: headBytes(request.raw) + (body instanceof Uint8Array ? body.length : 0),
        responseBytes: Number(reply.getHeader("content-length") ?? 0),
      });
    });
    done();
  });
}

/** Characters of request line and headers, near enough; a length that the caller claims is not used. */
function headBytes({ method = "", url = "", rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((sum, text) => sum + text.length, method.length + url.length);
}
