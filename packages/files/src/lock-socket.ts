import { stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { isSystemError } from "./system-error.ts";

/** Listens on a socket of this path; the process may end while it does. Undefined where it is taken. */
export async function listenAt(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return await new Promise((resolve, reject) => {
    server.once("error", (error) => {
      if (isSystemError(error, "EADDRINUSE")) resolve(undefined);
      else reject(error);
    });
    // Exclusive: a worker of a cluster would share the name with its siblings.
    server.listen({ path, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Listens on the abstract name of a directory's inode (Linux); it is seen within one network namespace. */
export async function listenForInode(directory: string): Promise<Server | undefined> {
  const { dev, ino } = await stat(directory);
  return await listenAt(`\0carrara-${dev}-${ino}`);
}

/** Whether somebody listens on the socket, or may: only a clear refusal is a no. */
export async function isListening(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error) => {
      resolve(!isSystemError(error, "ECONNREFUSED", "ENOENT"));
    });
  });
}

/** Closes a server without connections. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => void server.close(resolve));
}
