import { connect, type TLSSocket } from "node:tls";

/** What a closed-loop run of one request over kept-alive connections gave. */
export interface LoadResult {
  readonly answers: number;
  /** Answers with a status other than 200. */
  readonly failures: number;
  readonly seconds: number;
}

interface LoadOptions {
  readonly port: number;
  readonly ca: string;
  readonly connections: number;
  readonly seconds: number;
  readonly request: string;
}

/**
 * Keeps one request outstanding on each of `connections` TLS connections to localhost for
 * `seconds`. Answers must carry Content-Length or be empty, and fit one header block.
 */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const sockets = await Promise.all(
    Array.from({ length: options.connections }, async () => await open(options)),
  );
  const count = { answers: 0, failures: 0 };
  const start = performance.now();
  const request = Buffer.from(options.request, "latin1");
  for (const socket of sockets) drive(socket, request, count);
  await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000));
  const seconds = (performance.now() - start) / 1000;
  const result = { ...count, seconds };
  for (const socket of sockets) socket.destroy();
  return result;
}

async function open({ port, ca }: LoadOptions): Promise<TLSSocket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" });
    socket.setNoDelay(true);
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function drive(
  socket: TLSSocket,
  request: Buffer,
  count: { answers: number; failures: number },
): void {
  let pending = "";
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
    if (!pending.startsWith("HTTP/1.1 200")) count.failures += 1;
    pending = "";
    socket.write(request);
  });
  socket.write(request);
}
