import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { WebRequest } from "./exchange.ts";

/**
 * Collects a request's body and hands it to `done`, or `REQUEST_TOO_LARGE` to `fail` as soon as it is
 * longer than `maxBytes`; a client that breaks off gets nothing, its connection is told elsewhere.
 * Without promises: it runs for every vote.
 */
export function collectBody(
  request: WebRequest,
  maxBytes: number,
  {
    done,
    fail,
  }: { readonly done: (body: Buffer) => void; readonly fail: (error: unknown) => void },
): void {
  const tooLarge = (): void => {
    fail(new EmojivotoError("REQUEST_TOO_LARGE", `body exceeds ${maxBytes} bytes`));
  };
  if ("body" in request) {
    if (request.body.length > maxBytes) tooLarge();
    else done(request.body);
    return;
  }
  let first: Buffer | undefined;
  let rest: Buffer[] | undefined;
  let length = 0;
  let over = false;
  request.on("data", (chunk: Buffer) => {
    if (over) return;
    length += chunk.length;
    if (length > maxBytes) {
      over = true;
      tooLarge();
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
