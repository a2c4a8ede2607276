import { type EventEmitter, errorMonitor } from "node:events";
import { isIP } from "node:net";
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from "node:tls";
import type { ConnectArguments } from "./connect-arguments.ts";
import type { DialRoute } from "./dial-route.ts";
import type { PremainLog } from "./premain-log.ts";
import { isStrangerReason } from "./stranger.ts";
import type { TlsEntry } from "./tls-entries.ts";

/** Options of the application that mean the same on a TLS connection; no TLS option of its own. */
const KEPT_OPTIONS = [
  "allowHalfOpen",
  "autoSelectFamily",
  "autoSelectFamilyAttemptTimeout",
  "family",
  "highWaterMark",
  "hints",
  "keepAlive",
  "localAddress",
  "localPort",
  "onread",
  "signal",
  "timeout",
];

/** Dials the peer of a route over TLS; data written before it is verified waits. */
export type TlsDialer = (
  route: DialRoute & { readonly entry: TlsEntry },
  options: ConnectArguments["options"],
  extra: ConnectionOptions,
) => TLSSocket;

/**
 * A dialer with one secure context for each entry. The peer must have a certificate of the entry's
 * root for the name that was dialled. What fails is logged and emitted as the socket's error.
 */
export function createTlsDialer(log: PremainLog, onStranger: () => void = () => {}): TlsDialer {
  const contexts = new WeakMap<TlsEntry, SecureContext>();
  return ({ name, address, entry }, options, extra) => {
    const context = contexts.get(entry) ?? createSecureContext(entry.context);
    contexts.set(entry, context);
    const kept = KEPT_OPTIONS.flatMap((key) => (key in options ? [[key, options[key]]] : []));
    const socket = connect({
      ...Object.fromEntries(kept),
      ...extra,
      ...address,
      secureContext: context,
      // Not a default: NODE_TLS_REJECT_UNAUTHORIZED comes from the host.
      rejectUnauthorized: true,
      servername: isIP(name) === 0 ? name : "",
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    });
    holdConnect(socket);
    applySocketOptions(socket, options);
    const events: EventEmitter = socket;
    events.once(errorMonitor, (error: Error) => {
      // The peer's alert comes after our side is done: it may refuse what we accepted.
      if (isStrangerReason(reasonOf(error))) onStranger();
      logRefusal(error, socket, { name, ...address }, log);
    });
    return socket;
  };
}

/**
 * Emits `connect` and `ready` when the peer is verified instead of when TCP is connected: a program
 * that dials plain takes a failure after `connect` for a broken connection, and Node's `fetch` ends
 * the process when it is one about certificates.
 */
function holdConnect(socket: TLSSocket): void {
  // What Node's TLS itself waits with; it must run at once.
  const own = socket.rawListeners("connect");
  const emit: TLSSocket["emit"] = socket.emit.bind(socket);
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event === "connect") {
      for (const listener of own) listener.call(socket);
      // A read that the program asked for waits for the held event, and the handshake for it.
      socket._read(0);
    }
    return event === "connect" || event === "ready" || emit(event as string, ...args);
  };
  socket.prependOnceListener("secureConnect", () => {
    Reflect.deleteProperty(socket, "emit");
    socket.emit("connect");
    socket.emit("ready");
  });
}

function applySocketOptions(socket: TLSSocket, options: ConnectArguments["options"]): void {
  const { noDelay, keepAlive, keepAliveInitialDelay: delay } = options;
  if (noDelay === true) socket.setNoDelay(true);
  if (keepAlive === true) socket.setKeepAlive(true, typeof delay === "number" ? delay : 0);
}

function logRefusal(
  error: Error,
  socket: TLSSocket,
  { name, port }: { readonly name: string; readonly port: number },
  log: PremainLog,
): void {
  const reason = reasonOf(error);
  // What the network did is the application's to tell; a broken handshake is ours.
  if (socket.authorized || /^E[A-Z]+$/.test(reason)) return;
  const refused = /CERT|ALTNAME|SIGNATURE|ISSUER/.test(reason) && !reason.includes("ALERT");
  const code = refused ? "PEER_CERTIFICATE_REFUSED" : "HANDSHAKE_FAILED";
  log.warn("dialled peer refused", { code, host: name, port, reason });
}

function reasonOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
