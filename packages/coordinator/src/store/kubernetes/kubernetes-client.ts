import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { storeError } from "../store-error.ts";

/** Where the API server is and how a pod proves who it is. */
export interface KubernetesAccess {
  readonly host: string;
  readonly port: number;
  /** File with the bearer token; kubelet replaces it before it expires, so that it is read each time. */
  readonly tokenFile: string;
  /** PEM of the only CA that counts. */
  readonly ca: string;
}

/** One call. */
interface KubernetesCall {
  readonly method: "GET" | "POST" | "PATCH";
  /** With the query. */
  readonly path: string;
  readonly body?: unknown;
  readonly accept?: string;
}

/** What came back: the status, and the object or `Status` of the body. */
export interface KubernetesAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A connection to an API server. */
export interface KubernetesClient {
  /** Makes one call. Throws `STORE_FAILED` where there was no answer: it may have happened. */
  call(call: KubernetesCall): Promise<KubernetesAnswer>;
  /**
   * Opens a stream of events and hands each to `onEvent`. Resolves when the server ends it, rejects
   * with `STORE_FAILED` when it breaks off or `signal` aborts.
   */
  stream(path: string, onEvent: (event: unknown) => void, signal: AbortSignal): Promise<number>;
  close(): void;
}

/** Milliseconds for a call: etcd answers in a few, a busy API server in some hundred. */
const CALL_TIMEOUT_MS = 10_000;
/** Milliseconds without an event or bookmark after which a stream counts as dead. */
const STREAM_IDLE_MS = 330_000;
/** Largest answer, in bytes: an object has at most 1 MiB, base64 and field tables around it. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** Milliseconds before a call is made again that the server refused for the time being. */
const RETRY_PAUSES_MS: readonly number[] = [100, 300, 1000];
const MERGE_PATCH = "application/merge-patch+json";

/**
 * A client of the few calls that the store makes. The official one is ten megabytes of generated
 * code with a dozen dependencies, all of which would be in the measured image; this is one file.
 */
export function createKubernetesClient(access: KubernetesAccess): KubernetesClient {
  const agent = new Agent({ keepAlive: true, ca: access.ca, maxSockets: 8 });
  const send = async (call: KubernetesCall, agentToUse: Agent | false, signal: AbortSignal) => {
    const token = (await readFile(access.tokenFile, "utf8")).trim();
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const type = call.method === "PATCH" ? MERGE_PATCH : "application/json";
    return await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request({
        host: access.host,
        port: access.port,
        method: call.method,
        path: call.path,
        agent: agentToUse,
        ca: access.ca,
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          accept: call.accept ?? "application/json",
          ...(body === undefined ? {} : { "content-type": type }),
          ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
        },
      });
      outgoing.once("response", resolve);
      outgoing.once("error", reject);
      outgoing.end(body);
    });
  };
  const callOnce = async (call: KubernetesCall): Promise<KubernetesAnswer> => {
    try {
      const response = await send(call, agent, AbortSignal.timeout(CALL_TIMEOUT_MS));
      return { status: response.statusCode ?? 0, body: parse(await readBody(response)) };
    } catch (cause) {
      throw storeError("the kubernetes api does not answer", cause);
    }
  };
  return {
    call: async (call) => {
      for (const pauseMs of RETRY_PAUSES_MS) {
        const answer = await callOnce(call).catch((error: unknown) => {
          // A write that got no answer may have happened: whoever made it finds out.
          if (call.method !== "GET") throw error;
          return undefined;
        });
        if (answer !== undefined && !isPassing(answer.status, call)) return answer;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      return await callOnce(call);
    },
    stream: async (path, onEvent, signal) => {
      try {
        const response = await send({ method: "GET", path }, false, signal);
        response.setTimeout(STREAM_IDLE_MS, () => response.destroy(new Error("stream is silent")));
        if (response.statusCode === 200) await readEvents(response, onEvent);
        else response.destroy();
        return response.statusCode ?? 0;
      } catch (cause) {
        throw storeError("the kubernetes watch broke off", cause);
      }
    },
    close: () => agent.destroy(),
  };
}

/**
 * Refusals that pass: too many requests, or a token that just expired; nothing has happened. A server
 * that is not available may be a proxy's word for one that did what it was asked.
 */
function isPassing(status: number, { method }: KubernetesCall): boolean {
  return status === 429 || status === 401 || (status === 503 && method === "GET");
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_ANSWER_BYTES) throw new RangeError(`answer exceeds ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

/** Reads lines of JSON; bounded like an answer, for each of them. */
async function readEvents(
  response: IncomingMessage,
  onEvent: (event: unknown) => void,
): Promise<void> {
  response.setEncoding("utf8");
  let rest = "";
  for await (const chunk of response) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_ANSWER_BYTES) throw new RangeError("event is too long");
    for (const line of lines) if (line !== "") onEvent(parse(line));
  }
}

/** The value, or undefined for what is no JSON, as proxies answer. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
