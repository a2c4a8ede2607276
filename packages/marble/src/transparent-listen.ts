import { Server, Socket } from "node:net";
import type { HostPort } from "./host-port.ts";
import { type Restore, replaceMethod } from "./patch.ts";
import type { PremainLog } from "./premain-log.ts";
import type { TlsEntry } from "./tls-entries.ts";
import { createTlsTerminator, type TlsTerminator } from "./tls-terminator.ts";

/** What listeners are wrapped with and where they really listen. */
export interface ListenOptions {
  readonly incoming: ReadonlyMap<number, TlsEntry>;
  readonly listen: ReadonlyMap<number, HostPort>;
  readonly log: PremainLog;
  readonly onStranger?: () => void;
}

/** Makes every `listen` on a port of `incoming` deliver verified TLS connections only. */
export function patchListen({ incoming, listen, ...rest }: ListenOptions): Restore {
  const terminators = new WeakMap<Server, TlsTerminator>();
  const emits = new WeakMap<Server, Server["emit"]>();
  return replaceMethod(Server.prototype, "listen", (original) => {
    return function listenTransparently(this: unknown, ...args: unknown[]) {
      const port = listenPortOf(args);
      if (!(this instanceof Server) || port === undefined) return original.apply(this, args);
      const entry = incoming.get(port);
      if (entry === undefined) terminators.delete(this);
      else {
        const emit = emits.get(this) ?? interceptConnections(this, terminators);
        emits.set(this, emit);
        const deliver = (socket: Socket): unknown => emit("connection", socket);
        const current = (): TlsEntry => incoming.get(port) ?? entry;
        const options = { ...rest, entry: current, port, server: this, deliver };
        terminators.set(this, createTlsTerminator(options));
      }
      const target = listen.get(port);
      return original.apply(this, target === undefined ? args : redirected(args, target));
    };
  });
}

/**
 * Gives connections that `server` itself accepted to its terminator; answers the emit that reaches
 * the application. Connections that the application injects are its own affair.
 */
function interceptConnections(
  server: Server,
  terminators: WeakMap<Server, TlsTerminator>,
): Server["emit"] {
  const emit: Server["emit"] = server.emit.bind(server);
  server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    const terminate = event === "connection" ? terminators.get(server) : undefined;
    const [raw] = args;
    const accepted = raw instanceof Socket && "server" in raw && raw.server === server;
    if (terminate === undefined || !accepted) return emit(event, ...args);
    terminate(raw);
    return true;
  };
  return emit;
}

/** The TCP port that arguments of `listen` name, as Node reads them. */
function listenPortOf([first]: readonly unknown[]): number | undefined {
  const given = typeof first === "object" && first !== null && "port" in first ? first.port : first;
  if (typeof given !== "number" && (typeof given !== "string" || given.trim() === "")) {
    return undefined;
  }
  const port = Number(given);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

/** Arguments of `listen` with the address of `target`; options and callback stay. */
function redirected(args: readonly unknown[], { host, port }: HostPort): unknown[] {
  const [first] = args;
  const options = typeof first === "object" ? first : {};
  const backlog = args.slice(1).find((value) => typeof value === "number");
  const callbacks = args.filter((value) => typeof value === "function").slice(-1);
  return [{ ...options, ...(backlog === undefined ? {} : { backlog }), host, port }, ...callbacks];
}
