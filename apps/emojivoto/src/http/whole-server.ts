import { type IncomingMessage, Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { pathOf, type WebRequest, type WebResponse } from "./exchange.ts";
import { readWholeRequest } from "./whole-request.ts";
import { WholeResponse } from "./whole-response.ts";

/** What a {@link WholeServer} is made from. */
export interface WholeServerOptions extends ServerOptions {
  readonly handle: (request: WebRequest, response: WebResponse) => void;
  /** What answers for as long as its client listens, by path. */
  readonly streams: ReadonlyMap<
    string,
    (request: IncomingMessage, response: ServerResponse) => void
  >;
  /** Milliseconds without a byte after which a connection is closed. */
  readonly keepAliveTimeout: number;
}

/**
 * An HTTP server that answers requests which arrive whole by themselves, for half of what Node's streams
 * cost; with the first one that is anything else, its connection becomes Node's for good, as if nobody had
 * read it before.
 */
export class WholeServer extends Server {
  readonly #options: WholeServerOptions;
  readonly #keepAlive: string;
  /** Connections that are still ours. */
  readonly #connections = new Set<Connection>();

  constructor(options: WholeServerOptions) {
    const { handle, streams } = options;
    super(options, (request, response) => {
      const stream = streams.get(pathOf(request.url ?? ""));
      if (stream === undefined) handle(request, response);
      else stream(request, response);
    });
    this.#options = options;
    this.#keepAlive = `timeout=${Math.floor(options.keepAliveTimeout / 1000)}`;
    const serve = this.listeners("connection");
    this.removeAllListeners("connection");
    this.on("connection", (socket: Socket) => {
      this.#take(socket, () => {
        for (const listener of serve) listener.call(this, socket);
      });
    });
  }

  override closeIdleConnections(): void {
    super.closeIdleConnections();
    for (const connection of this.#connections) connection.finish();
  }

  override closeAllConnections(): void {
    super.closeAllConnections();
    for (const connection of this.#connections) connection.cut();
  }

  #take(socket: Socket, handOver: () => void): void {
    const connection = createConnection(socket, {
      ...this.#options,
      keepAliveHeader: this.#keepAlive,
      onGone: () => this.#connections.delete(connection),
      handOver,
    });
    this.#connections.add(connection);
  }
}

interface Connection {
  /** Closes it once nothing is under way. */
  finish(): void;
  cut(): void;
}

interface ConnectionOptions
  extends Pick<WholeServerOptions, "handle" | "streams" | "keepAliveTimeout"> {
  /** Value of the header that tells clients how long connections are kept. */
  readonly keepAliveHeader: string;
  /** It is closed, or Node's. */
  readonly onGone: () => void;
  readonly handOver: () => void;
}

function createConnection(socket: Socket, options: ConnectionOptions): Connection {
  const { handle, streams, keepAliveTimeout, keepAliveHeader, onGone } = options;
  let isBusy = false;
  let isLast = false;
  /** What came before the answer. */
  let early: Buffer | undefined;

  const onEnd = (close: boolean): void => {
    isBusy = false;
    if (close || isLast) socket.destroySoon();
    else if (early !== undefined && !socket.destroyed) handOver(early);
  };
  const onData = (bytes: Buffer): void => {
    if (isBusy) {
      // One after the other is for Node to arrange, once this one is done.
      early = early === undefined ? bytes : Buffer.concat([early, bytes]);
      socket.pause();
      return;
    }
    if (isLast) return;
    const request = readWholeRequest(bytes);
    if (request === undefined || streams.has(pathOf(request.url))) {
      handOver(bytes);
      return;
    }
    isBusy = true;
    handle(request, new WholeResponse(socket, keepAliveHeader, onEnd));
  };
  const finish = (): void => {
    isLast = true;
    if (!isBusy) socket.destroySoon();
  };
  const cut = (): void => {
    socket.destroy();
  };
  const listeners = { data: onData, end: finish, timeout: cut, error: cut, close: onGone };
  const handOver = (bytes: Buffer): void => {
    onGone();
    for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
    socket.setTimeout(0);
    socket.unshift(bytes);
    options.handOver();
    if (socket.isPaused()) socket.resume();
  };

  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
  socket.setTimeout(keepAliveTimeout);
  return { finish, cut };
}
