import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findWrk } from "../tools/find-programs.mjs";

/** What a closed-loop run over kept-alive connections gave. */
export interface LoadResult {
  readonly answers: number;
  /** Answers with an error status, and connections that broke. */
  readonly failures: number;
  readonly seconds: number;
  /** From a request to the end of its answer, in milliseconds. */
  readonly latencyMs: { readonly p50: number; readonly p99: number };
}

/** What a run is made of. */
export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly contentType?: string;
  /** One body for all requests, or more than they are, of one length, each of which is sent once. */
  readonly bodies?: readonly Uint8Array[];
}

const SCRIPT = fileURLToPath(new URL("load.lua", import.meta.url));
const RESULT = /^RESULT (.*)$/m;
const run = promisify(execFile);

/**
 * Keeps one request outstanding on each of `connections` TLS connections to localhost. By wrk (4.1, in Debian
 * since 2014), in one thread: of two cores a generator in Node would take as much as what it measures.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { port, connections, seconds, method, path } = options;
  const { contentType = "", bodies = [new Uint8Array(0)] } = options;
  const wrk = await findWrk();
  if (wrk === undefined)
    throw new Error("the load is wrk's, which is not here: apt-get install wrk");
  const dir = await mkdtemp(join(tmpdir(), "carrara-load-"));
  try {
    const file = join(dir, "bodies");
    await writeFile(file, Buffer.concat(bodies));
    const load = ["-t", "1", "-c", `${connections}`, "-d", `${seconds}s`, "-s", SCRIPT];
    const send = [method, contentType, file, `${bodies[0]?.length ?? 0}`];
    const { stdout } = await run(wrk, [...load, `https://localhost:${port}${path}`, "--", ...send]);
    return JSON.parse(RESULT.exec(stdout)?.[1] ?? "") as LoadResult;
  } finally {
    await rm(dir, { recursive: true });
  }
}
