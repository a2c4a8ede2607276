import type { WebResponse } from "../http/exchange.ts";
import { goJson } from "./go-json.ts";

/** Headers as Node sends them fastest: name, value, name, value. */
type RawHeaders = string[];

/** The page runs only its own code, sends only to its own origin, and is framed by nobody. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Seconds a browser insists on HTTPS: the seven days that the mesh certificate lives. */
const HSTS_SECONDS = 604_800;

/** On every answer. */
const SECURITY_HEADERS: RawHeaders = [
  "Content-Security-Policy",
  CONTENT_SECURITY_POLICY,
  "Referrer-Policy",
  "no-referrer",
  "X-Content-Type-Options",
  "nosniff",
  "Strict-Transport-Security",
  `max-age=${HSTS_SECONDS}`,
];

const API_HEADERS: RawHeaders = [...SECURITY_HEADERS, "Cache-Control", "no-store"];
const JSON_HEADERS: RawHeaders = [
  ...API_HEADERS,
  "Content-Type",
  "application/json; charset=UTF-8",
];
const VOTE_COUNTED_HEADERS: RawHeaders = [...API_HEADERS, "Content-Length", "0"];
const SEALED_HEADERS: RawHeaders = [...API_HEADERS, "Content-Type", "application/octet-stream"];

/** On what anybody may read from any origin: a verifier need not be served by whom it verifies. */
const PUBLIC_HEADERS: RawHeaders = [
  ...SECURITY_HEADERS,
  "Access-Control-Allow-Origin",
  "*",
  "Cross-Origin-Resource-Policy",
  "cross-origin",
];

/** On public answers that change. */
export const PUBLIC_FRESH_HEADERS: readonly string[] = [
  ...PUBLIC_HEADERS,
  "Cache-Control",
  "no-store",
];

/** An answer that is ready to be sent any number of times. */
export interface ReadyAnswer {
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

/** What public answers are. */
export const publicType = {
  json: "application/json; charset=UTF-8",
  text: "text/plain; charset=UTF-8",
  bytes: "application/octet-stream",
} as const;

/** Prepares a public answer; `immutable` ones may be kept for ever. */
export function readyPublicAnswer(
  type: keyof typeof publicType,
  body: Uint8Array,
  immutable = false,
): ReadyAnswer {
  const headers = [
    ...PUBLIC_HEADERS,
    "Cache-Control",
    immutable ? "public, max-age=31536000, immutable" : "no-store",
    "Content-Type",
    publicType[type],
    "Content-Length",
    `${body.length}`,
  ];
  return { headers, body };
}

/** Sends a prepared answer. */
export function answerReady(response: WebResponse, { headers, body }: ReadyAnswer): void {
  response.writeHead(200, headers);
  response.end(body, "latin1");
}

/** Answers a counted vote with its receipt, ASCII text. */
export function answerReceipt(response: WebResponse, receipt: string): void {
  response.writeHead(200, [...JSON_HEADERS, "Content-Length", `${receipt.length}`]);
  response.end(receipt, "latin1");
}

/** Answers a sealed ballot with its sealed answer, whatever that says. */
export function answerSealed(response: WebResponse, answer: Uint8Array): void {
  response.writeHead(200, [...SEALED_HEADERS, "Content-Length", `${answer.length}`]);
  response.end(answer, "latin1");
}

/** Answers a counted vote: 200 with neither body nor type. */
export function answerVoteCounted(response: WebResponse): void {
  response.writeHead(200, VOTE_COUNTED_HEADERS);
  response.end("", "latin1");
}

/** Answers with JSON text that is ready to send. */
export function answerJson(response: WebResponse, body: Uint8Array, status = 200): void {
  response.writeHead(status, [...JSON_HEADERS, "Content-Length", `${body.length}`]);
  response.end(body, "latin1");
}

/** Answers `{"error":"…"}` and a newline, as the original does. */
export function answerError(
  response: WebResponse,
  status: number,
  text: string,
  extra: readonly string[] = [],
): void {
  const body = Buffer.from(`{"error":${goJson(text)}}\n`);
  response.writeHead(status, [...JSON_HEADERS, ...extra, "Content-Length", `${body.length}`]);
  response.end(body, "latin1");
}

/** Answers a body that is larger than any honest one, whose rest is not worth reading. */
export function answerTooLarge(response: WebResponse): void {
  const body = `${goJson({ error: "Request body is too large", code: "REQUEST_TOO_LARGE" })}\n`;
  const headers = [...JSON_HEADERS, "Connection", "close", "Content-Length", `${body.length}`];
  response.writeHead(413, headers);
  response.end(body, "latin1");
}

/** Answers a line of text to a probe. */
export function answerText(response: WebResponse, status: number, text: string): void {
  const body = `${text}\n`;
  const type = ["Content-Type", "text/plain; charset=UTF-8"];
  response.writeHead(status, [...API_HEADERS, ...type, "Content-Length", `${body.length}`]);
  response.end(body, "latin1");
}

/** Answers with a file of the page. `cacheControl` is the header's value; with `download` it is saved under that name. */
export function answerFile(
  response: WebResponse,
  file: {
    readonly bytes: Uint8Array;
    readonly type: string;
    readonly cacheControl: string;
    readonly download?: string;
  },
  status = 200,
): void {
  const { download } = file;
  response.writeHead(status, [
    ...SECURITY_HEADERS,
    "Cross-Origin-Opener-Policy",
    "same-origin",
    "Cross-Origin-Resource-Policy",
    "same-origin",
    "Cache-Control",
    file.cacheControl,
    "Content-Type",
    file.type,
    "Content-Length",
    `${file.bytes.length}`,
    ...(download === undefined
      ? []
      : ["Content-Disposition", `attachment; filename="${download}"`]),
  ]);
  response.end(file.bytes, "latin1");
}
