import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Content of a file. */
export type Body = string | Uint8Array;

/** A server of a test's files on the loopback interface. */
export interface FileServer {
  /** Ends with a slash. A browser counts this origin as secure, as WebCrypto needs. */
  readonly url: string;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = { html: "text/html", js: "text/javascript" };

/**
 * Serves files on a free port of 127.0.0.1: what `find` gives for a path without its leading slash,
 * 404 for undefined.
 */
export async function startFileServer(
  find: (path: string) => Promise<Body | undefined>,
): Promise<FileServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").slice(1);
    const type = TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    find(path).then(
      (body) => {
        response.writeHead(body === undefined ? 404 : 200, { "content-type": type });
        response.end(body);
      },
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
