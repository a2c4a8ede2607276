import type { IncomingMessage } from "node:http";

/** What routes see of a request: Node's own, or one that arrived whole. */
export type WebRequest = IncomingMessage | WholeRequest;

/** A request that is here with all of its body. */
export interface WholeRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** By name in lower case, each of which came once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The path of a request's target. */
export function pathOf(url: string): string {
  const question = url.indexOf("?");
  return question < 0 ? url : url.slice(0, question);
}

/** What routes need of a response; Node's own has it, too. Headers alternate names and values. */
export interface WebResponse {
  writeHead(status: number, headers: string[]): unknown;
  /** Ends the answer with its body: bytes, or a string of one character each. */
  end(body: string | Uint8Array, encoding: "latin1"): unknown;
  readonly headersSent: boolean;
  readonly socket: { readonly writable: boolean } | null;
}
