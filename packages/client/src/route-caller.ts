import type { GoDecoder } from "@carrara/manifest";
import { readEnvelope } from "./envelope.ts";
import type { ClientIdentity, ServerTrust, Transport, TransportRequest } from "./transport.ts";

/** One request and how its data is read. */
interface Call<T> {
  readonly method: "GET" | "POST";
  /** Path and query. */
  readonly path: string;
  readonly body?: Uint8Array;
  readonly decoder: GoDecoder<T>;
}

/** Calls the routes of one Coordinator. */
export interface RouteCaller {
  /** The data, or undefined when the server does not know the route (405). */
  try<T>(call: Call<T>, signal?: AbortSignal): Promise<T | undefined>;
  /** The data; throws `SERVER_REFUSED` where the route is unknown too. */
  must<T>(call: Call<T>, signal?: AbortSignal): Promise<T>;
}

/** Creates a caller that trusts `trust` and shows `identity`; sends nothing yet. */
export function createRouteCaller(options: {
  readonly transport: Transport;
  readonly trust: ServerTrust;
  readonly identity?: ClientIdentity | undefined;
}): RouteCaller {
  const { transport, trust, identity } = options;
  const requestOf = (
    { method, path, body }: Omit<Call<unknown>, "decoder">,
    signal: AbortSignal | undefined,
  ): TransportRequest => ({
    method,
    path,
    ...(body === undefined ? {} : { body }),
    trust,
    ...(identity === undefined ? {} : { identity }),
    signal,
  });
  return {
    async try({ decoder, ...route }, signal) {
      const request = requestOf(route, signal);
      const response = await transport(request);
      return response.status === 405 ? undefined : readEnvelope(request, response, decoder);
    },
    async must({ decoder, ...route }, signal) {
      const request = requestOf(route, signal);
      return readEnvelope(request, await transport(request), decoder);
    },
  };
}
