import { hkdfSync } from "node:crypto";
import { CoordinatorError } from "../error.ts";

/** Most bytes HKDF-SHA-256 gives: 255 blocks of 32 (RFC 5869 section 2.3). */
const MAX_DERIVED_BYTES = 8160;
/** Longest info OpenSSL 3.0 takes, in bytes. */
const MAX_INFO_BYTES = 1024;

/** What a per-Marble key is derived for. */
export interface DerivationInput {
  readonly rootSecret: Uint8Array;
  /** Lower-case canonical form. */
  readonly uuid: string;
  readonly name: string;
  /** Empty without secret binding. */
  readonly marbleType: string;
  readonly lengthBytes: number;
}

/**
 * The per-Marble key of section 6.1: the same for the same UUID, name, type and root secret. The salt
 * is text, not the UUID's 16 bytes. Throws `SECRET_INVALID` beyond 8160 bytes.
 */
export function deriveMarbleKey(input: DerivationInput): Uint8Array {
  const { rootSecret, uuid, name, marbleType, lengthBytes } = input;
  const info = Buffer.from(marbleType);
  if (lengthBytes > MAX_DERIVED_BYTES || info.length > MAX_INFO_BYTES) {
    throw new CoordinatorError(
      "SECRET_INVALID",
      `secret ${name}: ${lengthBytes} bytes with ${info.length} of info, limits ${MAX_DERIVED_BYTES} and ${MAX_INFO_BYTES}`,
    );
  }
  return new Uint8Array(hkdfSync("sha256", rootSecret, `${uuid}${name}`, info, lengthBytes));
}
