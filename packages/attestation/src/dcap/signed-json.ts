import { fromHex, utf8 } from "@carrara/encoding";
import { type ImportedKey, verifyP256 } from "../crypto.ts";
import { AttestationError, type VerificationErrorCode } from "../error.ts";
import { JsonFields } from "./json-fields.ts";
import { parseStrictJson, StrictJsonError } from "./strict-json.ts";

/** Longest response body that is read, in characters: real ones are below 64 KiB. */
const MAX_BODY_CHARACTERS = 1024 * 1024;

/** How one kind of signed JSON is named in bodies and in error codes. */
export interface SignedJsonKind {
  readonly member: "tcbInfo" | "enclaveIdentity";
  readonly prefix: "TCB_INFO" | "QE_IDENTITY";
}

/**
 * Verifies `{"<member>":{…},"signature":"<128 hex>"}` over the exact text of the member (section
 * 2.3 step 6) and then parses it. Throws `<prefix>_MALFORMED`, `<prefix>_SIGNATURE_INVALID`.
 */
export async function verifySignedJson(
  body: string,
  { member, prefix }: SignedJsonKind,
  key: ImportedKey,
): Promise<JsonFields> {
  const start = `{"${member}":`;
  const end = /,"signature":"([0-9a-fA-F]{128})"\}\s*$/.exec(body.slice(-256));
  if (body.length > MAX_BODY_CHARACTERS || !body.startsWith(start) || end === null) {
    throw new AttestationError(`${prefix}_MALFORMED`, `response body is no signed ${member}`);
  }
  const inner = body.slice(start.length, body.length - end[0].length);
  if (!(await verifyP256(key, fromHex(end[1] ?? ""), utf8(inner)))) {
    throw new AttestationError(
      `${prefix}_SIGNATURE_INVALID`,
      `${member} signature does not verify`,
    );
  }
  return readingJson(`${prefix}_MALFORMED`, () => new JsonFields(parseStrictJson(inner)));
}

/** Runs a reader of JSON fields and turns what it refuses into `code`. */
export function readingJson<T>(code: VerificationErrorCode, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof StrictJsonError)
      throw new AttestationError(code, cause.message, { cause });
    throw cause;
  }
}
