import type { IncomingMessage } from "node:http";
import { EmojivotoError } from "../service/emojivoto-error.ts";

/** Reads a request's body whole. Rejects with `REQUEST_TOO_LARGE` above `maxBytes`, and with `REQUEST_MALFORMED` when the client breaks off. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else reject(new EmojivotoError("REQUEST_TOO_LARGE", `body exceeds ${maxBytes} bytes`));
    });
    request.once("end", () => {
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
    request.once("error", reject);
    request.once("aborted", () => {
      reject(new EmojivotoError("REQUEST_MALFORMED", "client broke off"));
    });
  });
}
