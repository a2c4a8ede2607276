import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MAX_SUBMISSION_BYTES } from "./core/submission.ts";
import type { Witness, WitnessAnswer } from "./witness.ts";

const MAX_HEADER_BYTES = 8 * 1024;
const MAX_CONNECTIONS = 256;
/** From the first byte of a request to its last, in ms: 16 kB need no longer on any line. */
const REQUEST_TIMEOUT_MS = 5_000;
/** How long a log's connection may rest, in ms: logs publish about once a second. */
const KEEP_ALIVE_MS = 60_000;

/** Where to listen; port 0 takes a free one. */
export interface WitnessAddress {
  readonly host: string;
  readonly port: number;
}

/** A listening witness. */
export interface WitnessServer {
  /** The submission prefix, `http://HOST:PORT`. */
  readonly url: string;
  /** Requests that were read are answered first. May be called twice. */
  close(): Promise<void>;
}

/** Serves `POST /add-checkpoint` (C2SP tlog-witness). Rejects with the system's error. */
export async function serveWitness(
  witness: Witness,
  { host, port }: WitnessAddress,
): Promise<WitnessServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on("request", (request, response) => {
    respond(witness, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`,
    async close() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), REQUEST_TIMEOUT_MS).unref();
      await closed;
    },
  };
}

async function respond(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.url !== "/add-checkpoint") {
    end(response, plain(404, "the one path is /add-checkpoint"), true);
  } else if (request.method !== "POST") {
    response.setHeader("allow", "POST");
    end(response, plain(405, "the one method is POST"), true);
  } else {
    const body = await readBody(request);
    if (body === undefined) {
      end(response, plain(400, `over ${MAX_SUBMISSION_BYTES} bytes, the limit`), true);
    } else end(response, await witness.addCheckpoint(body), false);
  }
}

/** The whole body, undefined when it is longer than any submission. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_SUBMISSION_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_SUBMISSION_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

type Plain = Omit<WitnessAnswer, "status"> & { readonly status: number };

function plain(status: number, reason: string): Plain {
  return { status, contentType: "text/plain; charset=utf-8", body: `${reason}\n` };
}

/** A request whose body was not read leaves its connection in no state to go on. */
function end(response: ServerResponse, answer: Plain, closes: boolean): void {
  if (closes) response.setHeader("connection", "close");
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "content-length": Buffer.byteLength(answer.body),
  });
  response.end(answer.body);
}
