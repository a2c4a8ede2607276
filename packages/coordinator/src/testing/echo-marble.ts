/**
 * A program that knows nothing of TLS or renewal: `serve` echoes on port 4000; `dial` says every now
 * and then how a new connection and its first one fare.
 */
import net from "node:net";

const PORT = 4000;
const PERIOD_MS = 150;

async function echo(socket: net.Socket): Promise<string> {
  return await new Promise((resolve) => {
    const failed = (): void => resolve("failed");
    socket.once("error", failed).once("close", failed);
    socket.once("data", () => {
      socket.off("error", failed).off("close", failed);
      resolve("ok");
    });
    socket.write("hello");
  });
}

async function dial(): Promise<never> {
  let first: net.Socket | undefined;
  for (;;) {
    const socket = net.connect(PORT, "localhost").on("error", () => {});
    const fresh = await echo(socket);
    if (first === undefined && fresh === "ok") first = socket;
    else socket.destroy();
    const kept = first === undefined ? "none" : await echo(first);
    process.stdout.write(`new ${fresh}, first ${kept}\n`);
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
  }
}

function serve(): void {
  const server = net.createServer((socket) => void socket.on("error", () => {}).pipe(socket));
  server.listen(PORT, "127.0.0.1", () => process.stdout.write("listening\n"));
}

const [, mode] = process.argv;
if (mode === "serve") serve();
else await dial();
