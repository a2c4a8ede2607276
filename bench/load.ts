import { connect, type TLSSocket } from "node:tls";

/** What a closed-loop run over kept-alive connections gave. */
export interface LoadResult {
  readonly answers: number;
  /** Answers with a status other than 200. */
  readonly failures: number;
  readonly seconds: number;
  /** From a request to the end of its answer, in milliseconds. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** What a run is made of. */
export interface LoadOptions {
  readonly port: number;
  readonly ca: string;
  readonly connections: number;
  readonly seconds: number;
  /** The request, or its head when bodies are sent behind it. */
  readonly request: string;
}

/**
 * Keeps one request outstanding on each of `connections` TLS connections to localhost for
 * `seconds`. Answers must carry Content-Length or be empty, and fit one header block. `nextBody` gives
 * what follows the head, a different one each time.
 */
export async function load(options: LoadOptions, nextBody?: () => Uint8Array): Promise<LoadResult> {
  const sockets = await Promise.all(
    Array.from({ length: options.connections }, async () => await open(options)),
  );
  const head = Buffer.from(options.request, "latin1");
  const nextRequest = nextBody === undefined ? () => head : () => Buffer.concat([head, nextBody()]);
  const count: Count = { answers: 0, failures: 0, latencies: [] };
  const start = performance.now();
  for (const socket of sockets) drive(socket, nextRequest, count);
  await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000));
  const seconds = (performance.now() - start) / 1000;
  const { answers, failures, latencies } = count;
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((latencies[Math.floor(latencies.length * share)] ?? Number.NaN) * 100) / 100;
  return { answers, failures, seconds, latencyMs: { p50: at(0.5), p99: at(0.99) } };
}

interface Count {
  answers: number;
  failures: number;
  readonly latencies: number[];
}

async function open({ port, ca }: LoadOptions): Promise<TLSSocket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" });
    socket.setNoDelay(true);
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function drive(socket: TLSSocket, nextRequest: () => Uint8Array, count: Count): void {
  let pending = "";
  let sentAt = 0;
  const send = (): void => {
    sentAt = performance.now();
    socket.write(nextRequest());
  };
  socket.on("error", () => {
    count.failures += 1;
  });
  socket.on("data", (chunk: Buffer) => {
    pending += chunk.toString("latin1");
    const header = pending.indexOf("\r\n\r\n");
    if (header < 0) return;
    const length = /content-length: (\d+)/i.exec(pending)?.[1];
    if (pending.length < header + 4 + Number(length ?? 0)) return;
    count.answers += 1;
    count.latencies.push(performance.now() - sentAt);
    if (!pending.startsWith("HTTP/1.1 200")) count.failures += 1;
    pending = "";
    send();
  });
  send();
}
