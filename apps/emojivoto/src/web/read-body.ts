import type { IncomingMessage } from "node:http";

/** Reads a request's body whole, or gives `undefined` as soon as it is longer than `maxBytes`. Rejects when the client breaks off. */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once("end", () => {
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.once("error", reject);
    request.once("aborted", () => {
      reject(new Error("client broke off"));
    });
  });
}
