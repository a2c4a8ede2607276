import { request } from "node:https";
import { Readable } from "node:stream";

/** What {@link createCaFetch} needs. */
export interface CaFetchOptions {
  /** PEM of the certificates, and no others, that the server's chain may end in. */
  readonly ca: string;
}

/**
 * A `fetch` for GET over https that trusts only `ca`: a PCCS usually has a certificate of its own
 * making (section 3.2). There is no way to trust any certificate. Follows no redirect.
 */
export function createCaFetch({ ca }: CaFetchOptions): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.protocol !== "https:") throw new TypeError("a ca is only for https");
    const signal = init?.signal ?? undefined;
    return await new Promise<Response>((resolve, reject) => {
      // No agent: the next request may have to trust another CA.
      const options = { ca, agent: false, ...(signal === undefined ? {} : { signal }) };
      const call = request(url, options, (incoming) => {
        incoming.once("error", reject);
        try {
          const headers = new Headers();
          for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
            for (const value of values) headers.append(name, value);
          }
          const body = Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
          resolve(new Response(body, { status: incoming.statusCode ?? 0, headers }));
        } catch (error) {
          // A status or header that no Response can have.
          incoming.destroy();
          reject(error instanceof Error ? error : new TypeError("the answer is not http"));
        }
      });
      call.once("error", reject);
      call.end();
    });
  };
}
