import type { Server } from "node:http";
import { EmojivotoError, type EmojivotoErrorCode } from "../service/emojivoto-error.ts";
import type { Log } from "../service/log.ts";

type Refusal = readonly [line: string, code: EmojivotoErrorCode, text: string];

const MALFORMED: Refusal = ["400 Bad Request", "REQUEST_MALFORMED", "Request cannot be read"];
/** How Node's HTTP errors are answered; any other is a request that cannot be read. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  [
    "ERR_HTTP_REQUEST_TIMEOUT",
    ["408 Request Timeout", "REQUEST_TIMEOUT", "Request did not arrive in time"],
  ],
  [
    "HPE_HEADER_OVERFLOW",
    ["431 Request Header Fields Too Large", "REQUEST_TOO_LARGE", "Request headers are too large"],
  ],
]);

/** Gives requests that `server` cannot read a code, in the answer and in the log: of the request itself nothing is told. */
export function answerBrokenRequests(server: Server, log: Log): void {
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const { code: reason = "" } = error;
    if (!socket.writable || !/^(?:HPE_|ERR_HTTP_)/.test(reason)) {
      // A lost connection, or one that was answered: nobody there to read more.
      socket.destroy();
      return;
    }
    const [line, code, text] = REFUSALS.get(reason) ?? MALFORMED;
    log.warn({ code, reason }, "request refused");
    const body = `${JSON.stringify({ error: text, code })}\n`;
    const head = `Content-Type: application/json; charset=UTF-8\r\nContent-Length: ${body.length}`;
    socket.end(`HTTP/1.1 ${line}\r\n${head}\r\nConnection: close\r\n\r\n${body}`);
  });
}

/** The code of what kept a request from being answered; `INTERNAL` for what is not ours. */
export function failureCodeOf(error: unknown): EmojivotoErrorCode | "INTERNAL" {
  return error instanceof EmojivotoError ? error.code : "INTERNAL";
}
