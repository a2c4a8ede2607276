import { isDeepStrictEqual } from "node:util";

/** Where a result differs from what was expected, one line each; only expected members count. */
export function differencesOf(
  path: string,
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const had = actual[name] ?? null;
    if (isDeepStrictEqual(value, had)) return [];
    return [`${path}.${name}: expected ${JSON.stringify(value)}, actual ${JSON.stringify(had)}`];
  });
}
