import { Server as HttpServer } from "node:http";
import http2 from "node:http2";
import type { Server, Socket } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import type { PremainLog } from "./premain-log.ts";
import { isStrangerReason } from "./stranger.ts";
import type { TlsEntry } from "./tls-entries.ts";

/** A handshake that takes longer is given up, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Handshakes at once per listener: about 40 MB of memory, far above what one core can finish. */
const MAX_PENDING_HANDSHAKES = 1024;

/** Why a connection did not reach the application. */
type PeerRefusalCode =
  | "PEER_CERTIFICATE_MISSING"
  | "PEER_CERTIFICATE_REFUSED"
  | "HANDSHAKE_TIMEOUT"
  | "HANDSHAKE_FAILED"
  | "HANDSHAKES_PENDING";

/** Takes an accepted plain connection; the application gets it once its peer is verified. */
export type TlsTerminator = (raw: Socket) => void;

/** Wraps the connections of `server` in TLS and hands them to `deliver`; refused ones are logged. */
export function createTlsTerminator(options: {
  /** The entry in force; its certificate, key and root may be renewed, `clientAuth` stays. */
  readonly entry: () => TlsEntry;
  readonly port: number;
  readonly server: Server;
  readonly deliver: (socket: TLSSocket) => void;
  readonly log: PremainLog;
  /** Told of peers of an authority that is unknown here. */
  readonly onStranger?: () => void;
  readonly maxPendingHandshakes?: number;
  readonly handshakeTimeoutMs?: number;
}): TlsTerminator {
  const { port, server, deliver, log } = options;
  let entry = options.entry();
  const { maxPendingHandshakes = MAX_PENDING_HANDSHAKES } = options;
  const protocol = protocolOf(server);
  let pending = 0;
  const refuse = (code: PeerRefusalCode, peer: string, reason: string): void =>
    log.warn("connection refused", { code, port, peer, reason });
  // Never listens: Node's own TLS server does the handshake, its limits and the verification.
  const terminator = createServer({
    ...entry.context,
    requestCert: entry.clientAuth,
    rejectUnauthorized: entry.clientAuth,
    handshakeTimeout: options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS,
    ...(protocol === undefined ? {} : { ALPNProtocols: [protocol] }),
  });
  terminator.on("secureConnection", (socket) => {
    pending -= 1;
    // Without it the HTTP/2 server would take a peer that did not negotiate for HTTP/1.1.
    if (protocol === "h2") socket.alpnProtocol = "h2";
    Object.assign(socket, { server });
    deliver(socket);
  });
  terminator.on("tlsClientError", (error, socket) => {
    pending -= 1;
    const { code, reason } = refusalOf(error, socket);
    refuse(code, socket.remoteAddress ?? "unknown", reason);
    // A dialling Node process tells that it refuses a certificate by nothing but hanging up.
    if (reason === "ECONNRESET" || isStrangerReason(reason)) options.onStranger?.();
    socket.destroy();
  });
  return (raw) => {
    if (pending >= maxPendingHandshakes) {
      refuse("HANDSHAKES_PENDING", raw.remoteAddress ?? "unknown", `${pending} handshakes pending`);
      raw.destroy();
      return;
    }
    pending += 1;
    const current = options.entry();
    if (current !== entry) {
      // A context of its own has ticket keys of its own: no session outlives the trust it began with.
      terminator.setSecureContext(current.context);
      entry = current;
    }
    terminator.emit("connection", raw);
  };
}

/** What HTTP servers speak; other servers take whatever comes. */
function protocolOf(server: Server): "h2" | "http/1.1" | undefined {
  if (server instanceof HttpServer) return "http/1.1";
  // Node does not export the class.
  const { constructor: Http2Server } = http2.createServer();
  return server.constructor === Http2Server ? "h2" : undefined;
}

function refusalOf(
  error: Error,
  socket: TLSSocket,
): { readonly code: PeerRefusalCode; readonly reason: string } {
  // Typed as an Error, but Node puts the text of OpenSSL's verification result here.
  const verification: unknown = socket.authorizationError;
  if (verification) return { code: "PEER_CERTIFICATE_REFUSED", reason: textOf(verification) };
  const reason = "code" in error ? textOf(error.code) : error.message;
  if (reason === "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE") {
    return { code: "PEER_CERTIFICATE_MISSING", reason };
  }
  const timedOut = reason === "ERR_TLS_HANDSHAKE_TIMEOUT";
  return { code: timedOut ? "HANDSHAKE_TIMEOUT" : "HANDSHAKE_FAILED", reason };
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value instanceof Error ? value.message : "unknown";
}
