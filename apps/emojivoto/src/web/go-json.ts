/** What Go's JSON encoder writes as an escape and JSON.stringify does not. */
const GO_ESCAPES = /[<>&\u2028\u2029]/g;

/** Encodes a value as Go's encoder does: no spaces, keys as given, `<`, `>`, `&` and two line separators escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    GO_ESCAPES,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
