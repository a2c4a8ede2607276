import { randomUUID } from "node:crypto";
import type { Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { BUILD_INFO } from "../../build-info.ts";
import type { ListenAddress, LogLevel } from "../../config.ts";
import type { Coordinator } from "../../coordinator.ts";
import { CoordinatorError, type CoordinatorErrorCode, reasonOf } from "../../error.ts";
import type { ListeningServer } from "../../listen-for-connections.ts";
import type { Log } from "../../log.ts";
import type { Telemetry } from "../../observe/telemetry.ts";
import { OPENAPI_ROUTE, openApiDocument, type ServedRoute } from "../../openapi/document.ts";
import { HANDSHAKE_TIMEOUT_MS, handshakeFailure, secureContextOptions } from "../tls-identity.ts";
import {
  type Answer,
  type ApiVersion,
  errorAnswer,
  failureAnswer,
  successAnswer,
} from "./envelope.ts";
import { measureRequests } from "./measure-requests.ts";
import type { ApiRequest } from "./request.ts";
import { routesV1 } from "./routes-v1.ts";
import { type Route, routesV2 } from "./routes-v2.ts";
import { traceRequest } from "./trace-request.ts";

/** Milliseconds for a whole request: a manifest over a bad line takes a few. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Milliseconds for the headers alone. */
const HEADERS_TIMEOUT_MS = 10_000;
/** Milliseconds an idle connection stays. */
const KEEP_ALIVE_TIMEOUT_MS = 30_000;
/** Connections at once; each costs some 50 KiB with its TLS state. */
const MAX_CONNECTIONS = 1024;

/** Names the request as the log does, so that who was refused can say which line to look for. */
const REQUEST_ID_HEADER = "carrara-request-id";

/** What every body is taken for; the routes read JSON. */
const BODY_TYPE = "application/octet-stream";

/** Routes of v1 that say the same as those of v2, for which no note is due (section 2.5). */
const NOT_DEPRECATED: ReadonlySet<string> = new Set(["/update-manifest", "/update-cancel"]);

/** What {@link serveClientApi} needs. */
export interface ClientApiDeps {
  readonly coordinator: Coordinator;
  readonly log: Log;
  readonly address: ListenAddress;
  /** Level of failed handshakes and connections. */
  readonly connectionLogLevel: LogLevel;
  /** What requests report to; nothing without. */
  readonly telemetry?: Telemetry;
  /** Overrides for tests, in milliseconds. */
  readonly timeoutsMs?: Readonly<Record<"request" | "headers" | "check" | "handshake", number>>;
}

/** Serves the client API: HTTPS with the root certificate, REST v1 and v2 (sections 1.7 and 2). */
export async function serveClientApi(deps: ClientApiDeps): Promise<ListeningServer> {
  const { coordinator, log, address } = deps;
  const app = createServer(deps);
  if (deps.telemetry?.metrics !== undefined) measureRequests(app, deps.telemetry.metrics.http);
  const [v2, v1] = [routesV2(coordinator), routesV1(coordinator)];
  for (const route of v2) addRoute(app, deps, route, { version: 2 });
  for (const { failureStatus, ...route } of v1) {
    addRoute(app, deps, route, { version: 1, failureStatus });
  }
  addDocument(app, [
    ...v2.map((route) => ({ ...route, version: 2 as const })),
    ...v1.map((route) => ({ ...route, version: 1 as const })),
  ]);
  const refuseUnknown = ({ method, id: requestId }: FastifyRequest, reply: FastifyReply): void => {
    log.debug({ code: "ROUTE_UNKNOWN", method, requestId }, "request refused");
    send(reply, errorAnswer(405));
  };
  app.setNotFoundHandler(refuseUnknown);
  // Without routes of their own: requests to unknown ones whose body cannot be read.
  app.setErrorHandler((_error, request, reply) => refuseUnknown(request, reply));
  const stopListening = coordinator.onIdentityChange(() => {
    app.server.setSecureContext(secureContextOptions(coordinator.clientIdentity()));
  });
  await listen(app, address);
  const { port } = app.server.address() as AddressInfo; // listens on TCP by construction
  log.info({ port }, "client api listening");
  return {
    port,
    close: async () => {
      stopListening();
      await app.close();
    },
  };
}

/** Without host: every interface, dual stack, or IPv4 alone where the machine has no IPv6. */
async function listen(app: FastifyInstance<Server>, { host, port }: ListenAddress): Promise<void> {
  try {
    await app.listen({ port, host: host ?? "::" });
  } catch (error) {
    const noIpv6 = error instanceof Error && "code" in error && error.code === "EAFNOSUPPORT";
    if (host !== undefined || !noIpv6) throw error;
    await app.listen({ port, host: "0.0.0.0" });
  }
}

function createServer(deps: ClientApiDeps): FastifyInstance<Server> {
  const { coordinator, log, connectionLogLevel } = deps;
  const timeouts = deps.timeoutsMs;
  const app = fastify({
    https: {
      ...secureContextOptions(coordinator.clientIdentity()),
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: timeouts?.handshake ?? HANDSHAKE_TIMEOUT_MS,
      ALPNProtocols: ["http/1.1"],
      headersTimeout: timeouts?.headers ?? HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: timeouts?.check ?? 1000,
    },
    requestTimeout: timeouts?.request ?? REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    exposeHeadRoutes: false,
    // Ours alone: an id that callers choose could repeat another's in the log.
    genReqId: () => randomUUID(),
    forceCloseConnections: true,
    // A path that cannot be decoded is an unknown one.
    frameworkErrors: (_error, _request, reply) => send(reply, errorAnswer(405)),
    clientErrorHandler: (error, socket) => answerBrokenRequest(log, error, socket),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    // Node reports a handshake that takes too long, but leaves its socket open.
    socket.destroy();
    log[connectionLogLevel](handshakeFailure(error), "tls handshake failed");
  });
  // As in MarbleRun the type counts for nothing; one that Fastify cannot read would be an error.
  app.addHook("onRequest", ({ raw }, _reply, done) => {
    if (raw.headers["content-type"] !== undefined) raw.headers["content-type"] = BODY_TYPE;
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  return app;
}

function addRoute(
  app: FastifyInstance<Server>,
  { coordinator, log, telemetry }: ClientApiDeps,
  route: Route,
  api: ApiVersion,
): void {
  const { method, path, maxBodyBytes } = route;
  const level = method === "GET" ? "debug" : "info";
  const refuse = ({ id: requestId }: FastifyRequest, error: unknown): Answer => {
    const fields = { requestId, method, path, code: reasonOf(error), ...detailOf(error) };
    log.warn(fields, "request refused");
    return failureAnswer(error, api);
  };
  const answer = async (request: FastifyRequest): Promise<Answer> => {
    const named = { requestId: request.id, method, path };
    if (api.version === 1 && !NOT_DEPRECATED.has(path)) {
      log.info(named, "deprecated v1 route used");
    }
    try {
      const handle = async () => {
        // What other Coordinators of a shared state committed counts from here on.
        await coordinator.refresh();
        return await route.handle(apiRequest(request));
      };
      const data = await traceRequest(telemetry?.tracing, route, request, handle);
      log[level](named, "request answered");
      return successAnswer(data);
    } catch (error) {
      return refuse(request, error);
    }
  };
  app.route({
    method,
    url: path,
    // Fastify wants at least one byte; bodies of GET are never read.
    bodyLimit: Math.max(maxBodyBytes, 1),
    errorHandler: (error, request, reply) => {
      // A request that broke off or took too long was answered and logged with its connection.
      if (!request.raw.socket.writable) return;
      const tooLarge = error.statusCode === 413;
      const known = tooLarge
        ? new CoordinatorError("REQUEST_TOO_LARGE", `request body exceeds ${maxBodyBytes} bytes`)
        : new CoordinatorError("REQUEST_MALFORMED", "request cannot be read", { cause: error });
      send(reply, refuse(request, known));
    },
    handler: (request, reply) => {
      void answer(request).then((ready) => send(reply, ready));
    },
  });
}

/** Serves the description of `routes`, which names itself too. */
function addDocument(app: FastifyInstance<Server>, routes: readonly ServedRoute[]): void {
  const document = openApiDocument([OPENAPI_ROUTE, ...routes], BUILD_INFO);
  const answer = {
    httpStatus: 200,
    headers: { "content-type": "application/json" },
    body: `${JSON.stringify(document)}\n`,
  };
  app.get(OPENAPI_ROUTE.path, (_request, reply) => send(reply, answer));
}

/** Errors that are not ours are bugs: their text helps whoever reads the log. */
function detailOf(error: unknown): { readonly detail?: string } {
  if (error instanceof CoordinatorError) return { detail: error.message };
  return { detail: error instanceof Error ? (error.stack ?? error.message) : "unknown" };
}

function apiRequest(request: FastifyRequest): ApiRequest {
  const { body, query } = request;
  const { socket } = request.raw;
  return {
    body: body instanceof Uint8Array ? body : new Uint8Array(0),
    query: (name) => queryValues(query, name),
    // Of a chain, the handshake proved the key of the first certificate only.
    clientCertificate:
      socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.raw : undefined,
  };
}

function queryValues(query: unknown, name: string): readonly string[] {
  const found: unknown =
    typeof query === "object" && query !== null ? Reflect.get(query, name) : "";
  const values = Array.isArray(found) ? found : found === undefined ? [] : [found];
  return values.filter((value): value is string => typeof value === "string");
}

function send(reply: FastifyReply, { httpStatus, headers, body }: Answer): void {
  const named = { ...headers, [REQUEST_ID_HEADER]: reply.request.id };
  // As bytes, or Fastify would add a charset that clients of the original never saw.
  void reply.code(httpStatus).headers(named).send(Buffer.from(body));
}

/** How Node's HTTP errors are answered; any other is a request that cannot be read. */
const BROKEN_REQUESTS: ReadonlyMap<string, readonly [line: string, code: CoordinatorErrorCode]> =
  new Map([
    ["ERR_HTTP_REQUEST_TIMEOUT", ["408 Request Timeout", "REQUEST_TIMEOUT"]],
    ["HPE_HEADER_OVERFLOW", ["431 Request Header Fields Too Large", "REQUEST_TOO_LARGE"]],
  ]);

function answerBrokenRequest(log: Log, error: Error & { code?: string }, socket: Socket): void {
  const { code: reason = "" } = error;
  if (!socket.writable || !/^(?:HPE_|ERR_HTTP_)/.test(reason)) {
    // A failed handshake, a lost connection or one that was answered: nobody there to read more.
    socket.destroy();
    return;
  }
  const [line, code] = BROKEN_REQUESTS.get(reason) ?? ["400 Bad Request", "REQUEST_MALFORMED"];
  log.warn({ code, reason }, "request refused");
  const { body, headers } = errorAnswer(Number(line.slice(0, 3)), "request cannot be read", code);
  const head = { ...headers, "content-length": String(body.length), connection: "close" };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${line}\r\n${lines.join("")}\r\n${body}`);
}
