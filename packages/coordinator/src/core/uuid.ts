import { CoordinatorError } from "../error.ts";

const PATTERN =
  /^(?:urn:uuid:)?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i;
const DIGITS = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;
const BRACES = /^\{(.*)\}$/;

/**
 * The lower-case canonical form of a UUID written canonically, with `urn:uuid:`, in braces or as 32
 * hex digits (section 3.3 step 9). Throws `UUID_INVALID`.
 */
export function canonicalUuid(text: string): string {
  const [, braced] = BRACES.exec(text) ?? [];
  const match =
    braced === undefined
      ? (PATTERN.exec(text) ?? DIGITS.exec(text))
      : braced.startsWith("urn:")
        ? null
        : PATTERN.exec(braced);
  if (match === null) {
    throw new CoordinatorError("UUID_INVALID", `text of ${text.length} characters is no uuid`);
  }
  return match.slice(1).join("-").toLowerCase();
}
