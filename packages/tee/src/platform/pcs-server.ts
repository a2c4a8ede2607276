import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { answerKds, isKdsPath } from "./kds-routes.ts";
import { answerPcs } from "./pcs-routes.ts";
import type { SimulatedVendor } from "./vendor.ts";
import { failure, type VendorAnswer } from "./vendor-answer.ts";

const MAX_HEADER_BYTES = 8 * 1024;
const MAX_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 5000;

/** Where to listen; port 0 takes a free one. Simulated collateral stays on this machine. */
export interface PcsAddress {
  readonly host: "127.0.0.1" | "::1";
  readonly port: number;
}

/** A listening server. */
export interface PcsServer {
  /** `http://HOST:PORT`, without a path. */
  readonly url: string;
  /** May be called twice. */
  close(): Promise<void>;
}

/** Serves what the vendors say, on the paths of Intel's PCS, of its cache and of AMD's KDS. */
export async function servePcs(
  vendor: () => SimulatedVendor,
  { host, port }: PcsAddress,
): Promise<PcsServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("request", (request, response) => {
    respond(request, response, vendor()).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host === "::1" ? "[::1]" : host}:${address.port}`,
    async close() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  vendor: SimulatedVendor,
): Promise<void> {
  request.resume();
  if (request.method !== "GET") {
    response.writeHead(405, { allow: "GET" }).end();
    return;
  }
  const url = new URL(request.url ?? "/", "http://localhost");
  const { status, type, body, headers } = await answerVendor(url, vendor);
  response.writeHead(status, {
    "content-type": type,
    "content-length": body.length,
    "request-id": crypto.randomUUID().replaceAll("-", ""),
    ...headers,
  });
  response.end(body);
}

async function answerVendor(url: URL, vendor: SimulatedVendor): Promise<VendorAnswer> {
  const { serviceFailure } = vendor.scenario;
  if (serviceFailure !== undefined) {
    const { status, retryAfterSeconds } = serviceFailure;
    const wait = retryAfterSeconds === undefined ? {} : { "Retry-After": `${retryAfterSeconds}` };
    return failure(status, wait);
  }
  return await (isKdsPath(url.pathname) ? answerKds(url, vendor) : answerPcs(url, vendor));
}
