import { request } from "node:https";

/** An answer of a server on localhost, without the headers that Node adds by itself. */
export interface BenchAnswer {
  readonly status: number;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: string;
}

const OF_NODE: ReadonlySet<string> = new Set(["date", "connection", "keep-alive"]);

/** Asks once. */
export async function answerOf(
  { port, ca }: { readonly port: number; readonly ca: string },
  ask: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
  },
): Promise<BenchAnswer> {
  const { method, path, headers = {}, body = "" } = ask;
  return await new Promise((resolve, reject) => {
    request({ host: "localhost", port, ca, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const own = response.rawHeaders.filter(
          (_, i, all) => !OF_NODE.has((all[i - (i % 2)] ?? "").toLowerCase()),
        );
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: own, body: text });
      });
    })
      .once("error", reject)
      .end(body);
  });
}
