import type { IncomingMessage, ServerResponse } from "node:http";

/** Sends one document to everybody who watches it (server-sent events). */
export interface EventStream {
  /** Answers with the latest event and every later one, until the client goes. */
  open(request: IncomingMessage, response: ServerResponse): void;
  /** Sends an event to all, at most as often as the limit says; the latest wins. */
  publish(event: ServerEvent): void;
  /** Clients that listen. */
  readonly viewers: number;
  /** Ends all answers. */
  close(): void;
}

/** An event to send. */
interface ServerEvent {
  readonly id: string;
  readonly name: string;
  /** One line of text, with or without a newline at its end. */
  readonly data: Uint8Array;
}

/** Milliseconds between two events at least: four a second. */
const PAUSE_MS = 250;
/** And half a millisecond a viewer, which is what sending costs, so that viewers never take the whole process. */
const PAUSE_MS_A_VIEWER = 0.5;
/** Clients written to in one turn of the event loop. */
const CLIENTS_A_TURN = 100;
/** A client that does not read as much as this is dropped; it may come again. */
const MAX_UNREAD_BYTES = 65_536;
/** Keeps proxies from closing a silent answer. */
const HEARTBEAT_MS = 15_000;
/** Viewers at most, so that there are connections left for voters. */
const MAX_VIEWERS = 3_000;
/** How long a browser waits before it connects again. */
const RETRY = "retry: 2000\n\n";

/** Creates a stream without viewers. `headers` are sent first, alternating names and values. */
export function createEventStream({
  headers,
  refuse,
}: {
  readonly headers: readonly string[];
  /** Answers when there are too many viewers. */
  readonly refuse: (response: ServerResponse) => void;
}): EventStream {
  const viewers = new Set<ServerResponse>();
  const start = [...headers, "Content-Type", "text/event-stream; charset=utf-8"];
  let latest: Buffer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sentAt = Number.NEGATIVE_INFINITY;

  const sendAll = (bytes: Buffer): void => {
    const all = [...viewers];
    const turn = (from: number): void => {
      for (const response of all.slice(from, from + CLIENTS_A_TURN)) send(response, bytes);
      // A newer event makes the rest of this one pointless, but order stays: each client gets all of what it gets.
      if (from + CLIENTS_A_TURN < all.length) setImmediate(turn, from + CLIENTS_A_TURN);
    };
    turn(0);
  };
  const flush = (): void => {
    timer = undefined;
    sentAt = performance.now();
    if (latest !== undefined) sendAll(latest);
  };
  const heartbeat = setInterval(() => {
    sendAll(HEARTBEAT);
  }, HEARTBEAT_MS);
  heartbeat.unref();

  return {
    get viewers() {
      return viewers.size;
    },
    open: (request, response) => {
      if (viewers.size >= MAX_VIEWERS) {
        refuse(response);
        return;
      }
      response.writeHead(200, start);
      if (request.method === "HEAD") {
        response.end();
        return;
      }
      response.write(RETRY);
      if (latest !== undefined) response.write(latest);
      viewers.add(response);
      response.once("close", () => viewers.delete(response));
      response.on("error", () => undefined);
    },
    publish: (event) => {
      latest = eventBytes(event);
      const pauseMs = PAUSE_MS + PAUSE_MS_A_VIEWER * viewers.size;
      const waitMs = Math.max(0, sentAt + pauseMs - performance.now());
      if (waitMs === 0 && timer === undefined) flush();
      else timer ??= setTimeout(flush, waitMs);
    },
    close: () => {
      clearInterval(heartbeat);
      clearTimeout(timer);
      for (const response of viewers) response.end();
      viewers.clear();
    },
  };
}

const HEARTBEAT = Buffer.from(": still here\n\n");

function send(response: ServerResponse, bytes: Buffer): void {
  if (response.destroyed || response.writableEnded) return;
  if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  else response.write(bytes);
}

function eventBytes({ id, name, data }: ServerEvent): Buffer {
  const line = data.at(-1) === NEWLINE ? data.subarray(0, -1) : data;
  const head = `id: ${id}\nevent: ${name}\ndata: `;
  return Buffer.concat([Buffer.from(head), line, Buffer.from("\n\n")]);
}

const NEWLINE = 0x0a;
