import { AttestationError } from "./error.ts";

/**
 * A copy of bytes that a caller could change between check and use. Not `slice`, which gives a view
 * when the caller's bytes are a Buffer. Throws `VERIFIER_INPUT` for memory that is shared or was
 * given away, and for no bytes.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array) || !(bytes.buffer instanceof ArrayBuffer)) {
    throw new AttestationError("VERIFIER_INPUT", "input must be bytes in memory nobody shares");
  }
  try {
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new AttestationError("VERIFIER_INPUT", "input is in memory that was given away", {
      cause,
    });
  }
}
