import type { JSX } from "preact";
import type { ApiError } from "./api.ts";

/** Says what could not be loaded and why, and offers another attempt. */
export function LoadError({
  what,
  error,
  onRetry,
}: {
  readonly what: string;
  readonly error: ApiError;
  readonly onRetry: () => void;
}): JSX.Element {
  return (
    <div class="load-error" role="alert">
      <p>
        {what} could not be loaded{error.status > 0 ? ` (status ${error.status})` : ""}:{" "}
        {error.message}.
      </p>
      <button type="button" class="pill outlined" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}
