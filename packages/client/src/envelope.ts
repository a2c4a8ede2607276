import {
  type GoDecoder,
  goObject,
  goRaw,
  goString,
  ManifestError,
  readGoJson,
} from "@carrara/manifest";
import { ClientError } from "./error.ts";
import type { TransportRequest, TransportResponse } from "./transport.ts";

/** Longest piece of a server's message that reaches a person, in characters. */
const MAX_MESSAGE_CHARACTERS = 2000;

const envelope = goObject({ status: goString, message: goString, data: goRaw });

/**
 * The `data` of an answer, read with `decoder`, by the Go client's rules (spec marblerun section
 * 2.1): 200 gives the data, 401 an authorisation error, everything else an error with method,
 * path and status. Throws `UNAUTHORIZED`, `SERVER_REFUSED` or `RESPONSE_INVALID`.
 */
export function readEnvelope<T>(
  request: Pick<TransportRequest, "method" | "path">,
  response: TransportResponse,
  decoder: GoDecoder<T>,
): T {
  if (response.status !== 200) throw refusal(request, response);
  return decode(() => {
    const { data } = readGoJson(response.body, envelope, "stream");
    return decoder.read(data, "data", decoder.zero);
  });
}

function decode<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new ClientError("RESPONSE_INVALID", `answer is malformed: ${cause.message}`, { cause });
  }
}

function refusal(
  request: Pick<TransportRequest, "method" | "path">,
  response: TransportResponse,
): ClientError {
  const { status } = response;
  const text = messageOf(response.body);
  if (status === 401) {
    return new ClientError("UNAUTHORIZED", `authorizing user: ${text.message}`, { status });
  }
  const path = request.path.replace(/\?.*$/, "");
  const said = [`${status} ${clean(response.statusText)}`.trim(), text.status, text.message];
  const message = `${request.method} ${path}: ${said.filter((part) => part !== "").join(": ")}`;
  return new ClientError("SERVER_REFUSED", message, { status });
}

function messageOf(body: Uint8Array): { status: string; message: string } {
  try {
    const { status, message } = readGoJson(body, envelope, "stream");
    return { status: clean(status), message: clean(message) };
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    return { status: "error", message: "answer is not an envelope" };
  }
}

/** Takes the control characters out: the text is the server's and ends on a terminal. */
function clean(text: string): string {
  const bounded = text.slice(0, MAX_MESSAGE_CHARACTERS);
  return bounded.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === "\n" ? "\n" : " "));
}
