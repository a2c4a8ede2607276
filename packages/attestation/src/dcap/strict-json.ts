/** A JSON value of signed collateral: numbers are safe integers, objects have no duplicate keys. */
export type StrictJson =
  | string
  | number
  | boolean
  | null
  | readonly StrictJson[]
  | ReadonlyMap<string, StrictJson>;

/** Nesting that signed collateral needs is below 8. */
const MAX_DEPTH = 16;
/** Characters of a key that messages repeat. */
const MAX_KEY_CHARACTERS = 64;
const INTEGER = /-?(?:0|[1-9]\d*)/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /[ \t\n\r]*/y;

/** Thrown by {@link parseStrictJson}; its callers turn it into a code of their own. */
export class StrictJsonError extends Error {}

/**
 * Parses JSON without what could be read in two ways: duplicate keys, fractions, exponents and
 * numbers beyond 2^53 are refused. Throws StrictJsonError.
 */
export function parseStrictJson(text: string): StrictJson {
  let offset = 0;

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) offset += found.length;
    return found;
  }

  function take(literal: string): boolean {
    match(SPACE);
    if (!text.startsWith(literal, offset)) return false;
    offset += literal.length;
    return true;
  }

  function need(literal: string): void {
    if (!take(literal)) throw new StrictJsonError(`${literal} needed at offset ${offset}`);
  }

  function string(): string {
    match(SPACE);
    const raw = match(STRING);
    if (raw === undefined) throw new StrictJsonError(`text needed at offset ${offset}`);
    try {
      return String(JSON.parse(raw));
    } catch (cause) {
      throw new StrictJsonError("text is not valid JSON", { cause });
    }
  }

  function object(depth: number): ReadonlyMap<string, StrictJson> {
    const members = new Map<string, StrictJson>();
    if (take("}")) return members;
    do {
      const key = string();
      if (members.has(key)) {
        throw new StrictJsonError(
          `duplicate key ${JSON.stringify(key.slice(0, MAX_KEY_CHARACTERS))}`,
        );
      }
      need(":");
      members.set(key, value(depth));
    } while (take(","));
    need("}");
    return members;
  }

  function array(depth: number): readonly StrictJson[] {
    const items: StrictJson[] = [];
    if (take("]")) return items;
    do items.push(value(depth));
    while (take(","));
    need("]");
    return items;
  }

  function value(depth: number): StrictJson {
    if (depth > MAX_DEPTH) throw new StrictJsonError(`nested over ${MAX_DEPTH} deep`);
    if (take("{")) return object(depth + 1);
    if (take("[")) return array(depth + 1);
    if (take("true")) return true;
    if (take("false")) return false;
    if (take("null")) return null;
    if (text[offset] === '"') return string();
    const number = Number(match(INTEGER) ?? Number.NaN);
    if (!Number.isSafeInteger(number))
      throw new StrictJsonError(`integer needed at offset ${offset}`);
    return number;
  }

  const result = value(0);
  match(SPACE);
  if (offset !== text.length) throw new StrictJsonError("text after the value");
  return result;
}
