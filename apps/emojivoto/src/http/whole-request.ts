import type { WholeRequest } from "./exchange.ts";

/** The longest request that is read here, head and body: browsers' have less than 2 KiB. */
const MAX_BYTES = 8_192;

const LINE_END = "\r\n";
const HEAD_END = "\r\n\r\n";
const REQUEST_LINE = /^(GET|POST) (\/[!-~]*) HTTP\/1\.1$/;
const HEADER_LINE = /^([A-Za-z0-9-]+):([ -~]*)$/;
const LENGTH = /^(?:0|[1-9][0-9]{0,3})$/;

/** What changes where a message ends or what its connection is: Node's parser has its rules for each. */
const SPECIAL: ReadonlySet<string> = new Set([
  "expect",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Reads bytes that are one request, whole and of the plainest kind: GET without a body or POST with
 * a Content-Length or none, HTTP/1.1, Host, each header once, in printable ASCII. Undefined for all others, which are
 * Node's to judge: whatever is read here, its parser reads as the same (RFC 9112 leaves no choice for these).
 * Attacker-controlled input; never throws.
 */
export function readWholeRequest(bytes: Buffer): WholeRequest | undefined {
  if (bytes.length > MAX_BYTES) return undefined;
  const text = bytes.toString("latin1");
  const end = text.indexOf(HEAD_END);
  if (end < 0) return undefined;
  const lineEnd = text.indexOf(LINE_END);
  const line = REQUEST_LINE.exec(text.slice(0, lineEnd));
  if (line === null) return undefined;
  const headers = readHeaders(text, lineEnd, end);
  if (headers === undefined || headers["host"] === undefined) return undefined;
  const [, method = "", url = ""] = line;
  const body = bytes.subarray(end + HEAD_END.length);
  if (!isWhole(method, headers["content-length"], body.length)) return undefined;
  return { method, url, headers, body };
}

/** Lines of `text` between the line ends at `from` and `to`. */
function readHeaders(text: string, from: number, to: number): Record<string, string> | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (let at = from; at < to; ) {
    const start = at + LINE_END.length;
    at = text.indexOf(LINE_END, start);
    const match = HEADER_LINE.exec(text.slice(start, at));
    if (match === null) return undefined;
    const name = (match[1] ?? "").toLowerCase();
    const value = (match[2] ?? "").trim();
    if (name in headers || SPECIAL.has(name)) return undefined;
    if (name === "connection" && value.toLowerCase() !== "keep-alive") return undefined;
    headers[name] = value;
  }
  return headers;
}

/** Whether a body of `bytes` is all there is: what comes after it is another request's, or not yet here. */
function isWhole(method: string, length: string | undefined, bytes: number): boolean {
  if (length === undefined) return bytes === 0;
  return method === "POST" && LENGTH.test(length) && Number(length) === bytes;
}
