import type { IncomingMessage } from "node:http";
import { EmojivotoError } from "../service/emojivoto-error.ts";

/**
 * Collects a request's body and hands it to `done`, or `REQUEST_TOO_LARGE` to `fail` as soon as it is
 * longer than `maxBytes`; a client that breaks off gets nothing, its connection is told elsewhere.
 * Without promises: it runs for every vote.
 */
export function collectBody(
  request: IncomingMessage,
  maxBytes: number,
  {
    done,
    fail,
  }: { readonly done: (body: Buffer) => void; readonly fail: (error: unknown) => void },
): void {
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let length = 0;
  let over = false;
  request.on("data", (chunk: Buffer) => {
    if (over) return;
    length += chunk.length;
    if (length > maxBytes) {
      over = true;
      fail(new EmojivotoError("REQUEST_TOO_LARGE", `body exceeds ${maxBytes} bytes`));
    } else if (first === undefined) first = chunk;
    else {
      rest ??= [first];
      rest.push(chunk);
    }
  });
  request.on("end", () => {
    if (!over) done(rest === undefined ? (first ?? EMPTY) : Buffer.concat(rest));
  });
  // A client that breaks off casts no vote.
  request.on("error", () => undefined);
}

const EMPTY = Buffer.alloc(0);
