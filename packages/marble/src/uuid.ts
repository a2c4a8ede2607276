const FORMS = [
  /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i,
  /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i,
];

/**
 * The canonical lower-case form of a UUID given canonically, with the prefix `urn:uuid:`, in braces
 * or as 32 hex digits (spec marblerun section 3.3, step 9); `undefined` when `text` is none.
 */
export function parseUuid(text: string): string | undefined {
  const bare = /^(?:urn:uuid:(.*)|\{(.*)\})$/is.exec(text);
  const digits = bare?.[1] ?? bare?.[2] ?? text;
  for (const form of FORMS) {
    const match = form.exec(digits);
    if (match !== null) return match.slice(1).join("-").toLowerCase();
  }
  return undefined;
}
