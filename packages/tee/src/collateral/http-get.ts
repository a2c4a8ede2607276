import { collateralRefusalOf, unavailable } from "./refusal.ts";
import { withLimit } from "./wait.ts";

/** For the whole of one answer, which for DCAP collateral is four requests. */
const DEFAULT_TIMEOUT_MS = 15_000;
/** Longest that a service may silence its callers: what it says may be forged. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** How a provider reaches its service. */
export interface HttpOptions {
  readonly fetch?: typeof fetch;
  /** Only for a `Retry-After` that is a date. */
  readonly now?: () => Date;
  /** Milliseconds for the whole of one answer. */
  readonly timeoutMs?: number;
}

/** One answer with status 200. */
interface HttpAnswer {
  readonly body: Uint8Array;
  readonly headers: Headers;
}

/** Gets `url` whole; the body may have `maxBytes`. Throws `COLLATERAL_UNAVAILABLE`. */
export type HttpGet = (url: string, maxBytes: number) => Promise<HttpAnswer>;

/** Meanings of statuses that a PCS, a PCCS (section 3.2) or KDS gives beyond those of HTTP. */
const REASONS: Readonly<Record<number, string>> = {
  400: "the service does not take the request",
  404: "the service has no such data",
  410: "the service no longer serves what was asked for",
  429: "the service was asked too often",
  460: "the service's data failed its own integrity check",
  461: "the service does not know the platform",
  462: "the service lacks certificates of the platform",
  502: "the service's own source failed",
};
const UNKNOWN: ReadonlySet<number> = new Set([404, 410, 461, 462]);

/**
 * Runs `work` with a getter whose requests share one time limit and end with `work`. Redirects are
 * refused. Rejects with what `work` throws, or the reason of `signal`.
 */
export async function withHttp<T>(
  options: HttpOptions,
  signal: AbortSignal | undefined,
  work: (get: HttpGet) => Promise<T>,
): Promise<T> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  try {
    return await withLimit(signal, timeoutMs, async (limit) => {
      return await work(async (url, maxBytes) => await get(url, maxBytes, limit, options));
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

async function get(
  url: string,
  maxBytes: number,
  signal: AbortSignal,
  { fetch: fetcher = fetch, now = () => new Date() }: HttpOptions,
): Promise<HttpAnswer> {
  let response: Response;
  try {
    response = await fetcher(url, { signal, redirect: "manual" });
  } catch (reason) {
    throw unavailable("unreachable", "the service cannot be reached", { reason });
  }
  const { status, headers } = response;
  const requestId = requestIdOf(headers);
  if (status !== 200) {
    response.body?.cancel().catch(() => undefined);
    throw refusalOf(status, headers, requestId, now());
  }
  return { body: await readBounded(response, maxBytes, requestId), headers };
}

function refusalOf(status: number, headers: Headers, requestId: Identified, now: Date): Error {
  const message = REASONS[status] ?? "the service refused";
  const kind = UNKNOWN.has(status) ? "unknown" : status === 429 ? "throttled" : "failed";
  return unavailable(kind, `${message} (status ${status})`, {
    status,
    ...requestId,
    ...retryAfterOf(headers, now),
  });
}

type Identified = { readonly requestId?: string };

/** Only what an id can look like: it goes into logs. */
function requestIdOf(headers: Headers): Identified {
  const id = headers.get("Request-ID");
  return id !== null && /^[0-9A-Za-z._-]{1,64}$/.test(id) ? { requestId: id } : {};
}

/** `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3), bounded. */
function retryAfterOf(headers: Headers, now: Date): { readonly retryAfterMs?: number } {
  const text = headers.get("Retry-After");
  if (text === null) return {};
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  if (Number.isNaN(ms)) return {};
  return { retryAfterMs: Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) };
}

async function readBounded(
  { body }: Response,
  maxBytes: number,
  requestId: Identified,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  try {
    for await (const chunk of body ?? []) {
      total += chunk.length;
      if (total > maxBytes) {
        throw unavailable("malformed", `the answer is longer than ${maxBytes} bytes`, requestId);
      }
      chunks.push(chunk);
    }
  } catch (reason) {
    if (collateralRefusalOf(reason) !== undefined) throw reason;
    throw unavailable("unreachable", "the service broke off its answer", { ...requestId, reason });
  }
  return new Uint8Array(Buffer.concat(chunks));
}
