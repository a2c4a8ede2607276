/** Names as people list them: `a`, `a and b`, `a, b and c`. */
export function listOf(names: Iterable<string>): string {
  const all = [...names];
  const last = all.pop();
  if (last === undefined) return "nothing";
  return all.length === 0 ? last : `${all.join(", ")} and ${last}`;
}

/** A number with its noun: `1 bit`, `2 bits`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
