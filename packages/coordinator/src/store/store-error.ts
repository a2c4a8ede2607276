import { CoordinatorError } from "../error.ts";

/** The refusal of a commit over an outdated version; its text is the one clients know (section 8.6). */
export function conflictError(cause?: unknown): CoordinatorError {
  return new CoordinatorError(
    "STATE_CONFLICT",
    "a newer state exists, the operation should be retried",
    { cause },
  );
}

/** A backend that did not do what it was asked; `what` names no secret and no address. */
export function storeError(what: string, cause?: unknown): CoordinatorError {
  return new CoordinatorError("STORE_FAILED", what, { cause });
}

/** Runs a step against a backend; whatever it throws but our own becomes `STORE_FAILED`. */
export async function asStoreError<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof CoordinatorError) throw cause;
    throw storeError(what, cause);
  }
}
