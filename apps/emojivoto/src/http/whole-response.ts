import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { WebResponse } from "./exchange.ts";

/** What would end a header before its time. */
const LINE_BREAK = /[\r\n]/;

/** An answer that goes out in one write. */
export class WholeResponse implements WebResponse {
  readonly socket: Socket;
  readonly #keepAlive: string;
  readonly #onEnd: (close: boolean) => void;
  #head = "";
  #closes = false;

  /** `keepAlive` is the value of that header. `onEnd` is told whether the connection is to be closed. */
  constructor(socket: Socket, keepAlive: string, onEnd: (close: boolean) => void) {
    this.socket = socket;
    this.#keepAlive = keepAlive;
    this.#onEnd = onEnd;
  }

  get headersSent(): boolean {
    return this.#head !== "";
  }

  writeHead(status: number, headers: readonly string[]): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? "";
      const value = headers[i + 1] ?? "";
      if (LINE_BREAK.test(value)) throw new TypeError(`header ${name} has a line break`);
      head += `${name}: ${value}\r\n`;
      if (name === "Connection") this.#closes = value === "close";
    }
    const more = this.#closes ? "" : `Connection: keep-alive\r\nKeep-Alive: ${this.#keepAlive}\r\n`;
    this.#head = `${head}Date: ${dateNow()}\r\n${more}\r\n`;
  }

  end(body: string | Uint8Array): void {
    if (this.socket.writable) {
      if (typeof body === "string") this.socket.write(this.#head + body, "latin1");
      else this.socket.write(Buffer.concat([Buffer.from(this.#head, "latin1"), body]));
    }
    this.#onEnd(this.#closes);
  }
}

let second = 0;
let date = "";

/** The time as HTTP writes it, made once a second. */
function dateNow(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = new Date(now * 1000).toUTCString();
  }
  return date;
}
