import { encodeGoJson, type GoJsonValue } from "@carrara/manifest";
import { CoordinatorError, type CoordinatorErrorCode, reasonOf } from "../../error.ts";
import { ERROR_ANSWERS } from "../error-table.ts";

/** A response as it goes out. */
export interface Answer {
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const JSON_HEADERS = { "content-type": "application/json" };
const ERROR_HEADERS = {
  "content-type": "text/plain; charset=utf-8",
  "x-content-type-options": "nosniff",
};

/** The success envelope (spec marblerun section 2.1). */
export function successAnswer(data: GoJsonValue): Answer {
  const body = `${encodeGoJson({ status: "success", data })}\n`;
  return { httpStatus: 200, headers: JSON_HEADERS, body };
}

/** Which of the two APIs answers; v1 has one style and, for most codes, one status a route. */
export type ApiVersion =
  | { readonly version: 2 }
  | { readonly version: 1; readonly failureStatus: number };

/** Statuses that v1 keeps, whatever the route. */
const V1_STATUSES: ReadonlySet<number> = new Set([401, 404, 405, 408, 410, 413]);

/**
 * The envelope of a refusal. Beside MarbleRun's fields it has `code`, the most exact reason known.
 * Errors that are not ours show nothing of themselves.
 */
export function failureAnswer(error: unknown, api: ApiVersion): Answer {
  const code = codeOf(error);
  const message = error instanceof CoordinatorError ? error.message : "internal error";
  const { http, style } = ERROR_ANSWERS[code];
  const reason = reasonOf(error);
  if (api.version === 1) {
    const httpStatus = V1_STATUSES.has(http) ? http : api.failureStatus;
    return errorAnswer(httpStatus, message, reason);
  }
  if (style === "error") return errorAnswer(http, message, reason);
  const data = code === "REQUEST_MALFORMED" ? failureData(error) : null;
  const body = `${encodeGoJson({ status: "fail", data, message, code: reason })}\n`;
  return { httpStatus: http, headers: JSON_HEADERS, body };
}

/** The code an error is answered by. */
function codeOf(error: unknown): CoordinatorErrorCode {
  return error instanceof CoordinatorError ? error.code : "INTERNAL";
}

/** A malformed request whose answer carries `data`, as sign-quote's does (section 2.8). */
export class MalformedRequestError extends CoordinatorError {
  readonly data: Readonly<Record<string, string>>;

  constructor(message: string, data: Readonly<Record<string, string>>, options?: ErrorOptions) {
    super("REQUEST_MALFORMED", message, options);
    this.data = data;
  }
}

function failureData(error: unknown): GoJsonValue {
  return error instanceof MalformedRequestError ? error.data : null;
}

/** The error envelope; an empty message and code are omitted. */
export function errorAnswer(httpStatus: number, message?: string, code?: string): Answer {
  const body = `${encodeGoJson({ status: "error", data: null, message, code })}\n`;
  return { httpStatus, headers: ERROR_HEADERS, body };
}
