import { connect, createServer, type Socket } from "node:net";

/** Lengths of TLS records that passed since they were last taken, in both directions. */
export interface Recorded {
  readonly up: readonly number[];
  readonly down: readonly number[];
}

/** A host that passes on every byte and notes what it can see of them. */
export interface RecordingProxy {
  readonly port: number;
  take(): Recorded;
  close(): Promise<void>;
}

const HEADER_BYTES = 5;

/** Starts a proxy in front of a loopback port. */
export async function startRecordingProxy(target: number): Promise<RecordingProxy> {
  let up: number[] = [];
  let down: number[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const service = connect(target, "127.0.0.1");
    const notes: [Socket, Socket, () => number[]][] = [
      [client, service, () => up],
      [service, client, () => down],
    ];
    for (const [from, to, list] of notes) {
      sockets.add(from);
      const records = recordLengths((length) => list().push(length));
      from.setNoDelay(true);
      from.on("data", (chunk: Buffer) => {
        records(chunk);
        to.write(chunk);
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    take: () => {
      const taken = { up, down };
      up = [];
      down = [];
      return taken;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Cuts a stream into TLS records, whose headers everybody can read. */
function recordLengths(found: (length: number) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER_BYTES) {
      const length = HEADER_BYTES + rest.readUInt16BE(3);
      if (rest.length < length) return;
      found(length);
      rest = rest.subarray(length);
    }
  };
}
