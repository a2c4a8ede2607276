import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { ListenAddress } from "./config.ts";

/** A server that listens. */
export interface ListeningServer {
  /** The port, also where the configuration said 0. */
  readonly port: number;
  /** Stops listening and ends connections. May be called twice. */
  close(): Promise<void>;
}

/** Lets `server`, of HTTP or HTTPS, listen at `address`; all addresses of the machine where it has no host. */
export async function listenForConnections(
  server: Pick<Server, "once" | "off" | "listen" | "address" | "close" | "closeAllConnections">,
  { host, port }: ListenAddress,
): Promise<ListeningServer> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host && { host }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port, // listens on TCP by construction
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
