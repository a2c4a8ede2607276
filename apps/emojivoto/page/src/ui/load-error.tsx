import type { JSX } from "preact";
import { type ApiError, reasonOf } from "../api/api-error.ts";
import { useWords } from "../i18n/language.tsx";

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
  const { text } = useWords();
  const { status } = error;
  const reason = reasonOf(error, text);
  return (
    <div class="notice bad" role="alert">
      <p>
        {status > 0
          ? text("error.load.status", { what, status, reason })
          : text("error.load", { what, reason })}
      </p>
      <button type="button" class="pill small outlined" onClick={onRetry}>
        {text("error.again")}
      </button>
    </div>
  );
}
