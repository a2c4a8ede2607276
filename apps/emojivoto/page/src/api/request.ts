import { ApiError } from "./api-error.ts";

/** The service gives up after 2 s; the rest is for the network. */
const PATIENCE_MS = 8_000;

/** Sends one request. Rejects with `ApiError` of status 0 when there is no answer in time. */
export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, {
      ...init,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new ApiError(0, "", "UNREACHABLE");
  }
}

/** The text of an answer with status 200. Rejects with `ApiError` for any other. */
export async function loadText(url: string): Promise<string> {
  const response = await send(url);
  if (!response.ok) throw await errorOf(response);
  return await textOf(response);
}

/** Bytes of an answer that are read: evidence is the largest. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** The whole text of an answer. Rejects with `ApiError` when it breaks off or is too large. */
async function textOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > MAX_ANSWER_BYTES) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    throw new ApiError(0, "", "UNREACHABLE");
  }
  await reader?.cancel().catch(() => undefined);
  throw new ApiError(response.status, "", "FORM");
}

/** The JSON of an answer, if it has the expected form. Rejects with `ApiError`. */
export async function loadJson<T>(
  url: string,
  isExpected: (value: unknown) => value is T,
): Promise<T> {
  const text = await loadText(url);
  const value = parse(text);
  if (!isExpected(value)) throw new ApiError(200, "", "FORM");
  return value;
}

/** The error that an answer tells: `{"error","code"}`. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = parse(await textOf(response).catch(() => ""));
  const { error, code } = isRecord(body) ? body : {};
  return new ApiError(
    response.status,
    typeof error === "string" ? error : "",
    typeof code === "string" ? code : undefined,
  );
}

/** Whether `value` is an object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
