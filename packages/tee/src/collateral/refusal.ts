// The small form of zod: this room is in the Coordinator's image.
import * as z from "zod/mini";
import { TeeError } from "../error.ts";

/**
 * Why there is no collateral. `unknown`: the service answered that it has none. `throttled`: asked
 * too often. `unreachable`: no whole answer came. `failed`: the service answered with an error.
 * `malformed`: the answer is none. `expired`, `rollback`, `unauthentic`: the answer may not be used.
 * `store`: what is kept cannot be read or written. `unsupported`: never asked, as no source can know.
 */
export type CollateralRefusalKind =
  | "unknown"
  | "throttled"
  | "unreachable"
  | "failed"
  | "malformed"
  | "expired"
  | "rollback"
  | "unauthentic"
  | "store"
  | "unsupported";

/** The `cause` of every `COLLATERAL_UNAVAILABLE` of this package. */
export interface CollateralRefusal {
  readonly kind: CollateralRefusalKind;
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** `Request-ID` of the answer: what the vendor's support asks for. */
  readonly requestId?: string;
  /** From `Retry-After`, or how long the cache will not ask again. */
  readonly retryAfterMs?: number;
  /** What was caught, or for a chain of sources what each of them said. */
  readonly reason?: unknown;
}

const KINDS: Readonly<Record<CollateralRefusalKind, true>> = {
  unknown: true,
  throttled: true,
  unreachable: true,
  failed: true,
  malformed: true,
  expired: true,
  rollback: true,
  unauthentic: true,
  store: true,
  unsupported: true,
};

/** A `COLLATERAL_UNAVAILABLE` with its refusal. */
export function unavailable(
  kind: CollateralRefusalKind,
  message: string,
  details: Omit<CollateralRefusal, "kind"> = {},
): TeeError {
  const cause: CollateralRefusal = { kind, ...details };
  return new TeeError("COLLATERAL_UNAVAILABLE", message, { cause });
}

/** Why there is no collateral; undefined for an error of another kind. */
export function collateralRefusalOf(error: unknown): CollateralRefusal | undefined {
  if (!(error instanceof TeeError) || error.code !== "COLLATERAL_UNAVAILABLE") return undefined;
  const { cause } = error;
  return isRefusal(cause) ? cause : undefined;
}

function isRefusal(cause: unknown): cause is CollateralRefusal {
  if (typeof cause !== "object" || cause === null || !("kind" in cause)) return false;
  return typeof cause.kind === "string" && Object.hasOwn(KINDS, cause.kind);
}

/** Runs a reader of untrusted content; whatever it throws becomes `malformed` with `message`. */
export function readingCollateral<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (reason) {
    if (collateralRefusalOf(reason) !== undefined) throw reason;
    throw unavailable("malformed", message, { reason });
  }
}

/** Why there is no collateral, in words: the message, and what was found wrong. */
export function refusalText(error: Error): string {
  const reason = collateralRefusalOf(error)?.reason;
  const detail = reason === undefined ? undefined : detailOf(reason);
  return detail === undefined ? error.message : `${error.message}: ${detail}`;
}

function detailOf(reason: unknown): string | undefined {
  // Its message repeats what it could not read.
  if (reason instanceof SyntaxError) return "not JSON";
  if (reason instanceof z.core.$ZodError) {
    const path = reason.issues[0]?.path.map(String).join(".") ?? "";
    return `${path === "" ? "a member" : path} is missing or not what it should be`;
  }
  return reason instanceof Error ? (causeOf(reason) ?? reason.message) : undefined;
}

/** `ECONNREFUSED` and the like, which `fetch` hides in a cause. */
function causeOf({ cause }: Error): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
}
