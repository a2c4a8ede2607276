import { createServer, type Server } from "node:net";
import { CliError } from "../cli-error.ts";

const LOOPBACK = "127.0.0.1";

/** Makes sure that nobody listens on `port`. Throws `PORT_TAKEN` naming the option to change it. */
export async function requireFreePort(port: number, option: string): Promise<void> {
  try {
    await close(await listen(port));
  } catch (cause) {
    throw new CliError(
      "PORT_TAKEN",
      `port ${port} is taken by another program (or may not be used); choose another one with ${option}`,
      { cause },
    );
  }
}

/** `count` different loopback ports that were free a moment ago. */
export async function findFreePorts(count: number): Promise<number[]> {
  // All are held until the last is found, so that none comes twice.
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map(portOf);
  await Promise.all(servers.map(close));
  return ports;
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
