import type { Words } from "../i18n/language.tsx";

/** A request that did not succeed. `status` is 0 when the server could not be reached. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";
  readonly status: number;
  /** The server's code, or our own `UNREACHABLE`, `FORM` and `BROWSER` (its message is what the browser lacks); undefined where it told none. */
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Why it failed, in the voter's language where the reason is our own, else in the server's words. */
export function reasonOf({ code, message }: ApiError, text: Words["text"]): string {
  if (code === "UNREACHABLE") return text("error.reason.unreachable");
  if (code === "FORM") return text("error.reason.form");
  if (code === "BROWSER") return text("error.reason.browser", { algorithm: message });
  if (code === "VOTING_UNAVAILABLE") return text("error.reason.voting");
  return message === "" ? text("error.reason.none") : message;
}

/** Anything thrown as an {@link ApiError}. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, error instanceof Error ? error.message : "unexpected failure");
}
