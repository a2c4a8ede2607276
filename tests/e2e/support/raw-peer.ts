import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { encodePem } from "@carrara/encoding";
import { marbleIdentity } from "./coordinator.ts";

/** Milliseconds after which a test stops waiting for a peer to end the connection. */
const WAIT_MS = 5_000;

/** A certificate of nobody's authority, with its key: what any peer can make. */
export async function foreignCredentials(): Promise<ConnectionOptions> {
  const { certificate, pkcs8 } = await marbleIdentity();
  return {
    cert: encodePem("CERTIFICATE", certificate),
    key: encodePem("PRIVATE KEY", pkcs8),
  };
}

/** Sends `bytes` and then no more; resolves with what came back when the peer has ended the connection. */
export async function answerOf(socket: Socket, bytes: string | Uint8Array): Promise<string> {
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
  });
  socket.on("error", () => undefined);
  socket.end(bytes);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the peer keeps the connection; it sent ${JSON.stringify(answer)}`));
    }, WAIT_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return answer;
}

/** A connection in clear text to a port of this machine. */
export function clearTo(port: number): Socket {
  return connectTcp(port, "127.0.0.1");
}

/** A TLS connection to a port of this machine, whose certificate is not verified. */
export function tlsTo(port: number, options: ConnectionOptions = {}): Socket {
  return connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
}

/** How a gRPC call ends whose request stream holds exactly `bytes`. */
export async function grpcAnswerOf(
  port: number,
  path: string,
  bytes: Uint8Array,
): Promise<{ readonly status: unknown; readonly code: unknown }> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, {
    ...(await foreignCredentials()),
    rejectUnauthorized: false,
  });
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc" };
  const stream = session.request({ ...headers, te: "trailers" });
  stream.end(bytes);
  const answer = await new Promise<Record<string, unknown>>((resolve, reject) => {
    stream.once("response", resolve);
    stream.once("error", reject);
  });
  session.destroy();
  return { status: answer["grpc-status"], code: answer["carrara-code"] };
}

/** A gRPC message that says it has `length` bytes, and then has `body`. */
export function grpcMessage(length: number, body: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, body]);
}
