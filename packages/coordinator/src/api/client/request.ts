import { type GoDecoder, ManifestError, readGoJson } from "@carrara/manifest";
import { CoordinatorError } from "../../error.ts";

/** What a route sees of a request. */
export interface ApiRequest {
  /** The raw body; empty for GET. */
  readonly body: Uint8Array;
  /** Values of a query parameter, in order. */
  query(name: string): readonly string[];
  /** DER of the certificate the client proved to own. */
  readonly clientCertificate: Uint8Array | undefined;
}

/**
 * Reads a JSON body: `stream` ignores what follows the first value (v2), `whole` does not (v1).
 * Throws `REQUEST_MALFORMED`.
 */
export function readBody<T>(
  body: Uint8Array,
  decoder: GoDecoder<T>,
  reading: "stream" | "whole",
): T {
  try {
    return readGoJson(body, decoder, reading);
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new CoordinatorError("REQUEST_MALFORMED", `request body: ${cause.message}`, { cause });
  }
}

const BASE64_URL = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?$/;

/** Bytes of URL-safe base64 with padding. Throws `REQUEST_MALFORMED`. */
export function readBase64Url(text: string): Uint8Array {
  if (!BASE64_URL.test(text)) {
    throw new CoordinatorError("REQUEST_MALFORMED", "nonce is not url-safe base64 with padding");
  }
  return new Uint8Array(Buffer.from(text, "base64url"));
}
