import { useCallback, useEffect, useState } from "preact/hooks";
import { type ApiError, asApiError } from "../api/api-error.ts";

/** A thing from the server: on its way, there, or not to be had. */
export type Loaded<T> =
  | { readonly kind: "loading" }
  | { readonly kind: "ready"; readonly value: T }
  | { readonly kind: "failed"; readonly error: ApiError };

/** Loads once, and again on `retry`. `load` must be the same function on every call. */
export function useLoaded<T>(load: () => Promise<T>): {
  readonly state: Loaded<T>;
  readonly retry: () => void;
} {
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<Loaded<T>>({ kind: "loading" });
  useEffect(() => {
    let wanted = true;
    const show = (next: Loaded<T>): void => {
      if (wanted) setState(next);
    };
    load().then(
      (value) => show({ kind: "ready", value }),
      (error: unknown) => show({ kind: "failed", error: asApiError(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [load, attempt]);
  const retry = useCallback(() => {
    setAttempt((count) => count + 1);
  }, []);
  return { state, retry };
}
