/** Something that says from when and until when it is valid, in milliseconds since 1970. */
export interface Dated<T> {
  readonly value: T;
  readonly from: number;
  readonly until: number;
  /** What makes it later than another; `from` unless set. */
  readonly issued?: number;
}

/** Of what is valid at `now` the latest; what is not counts only where nothing else is there. */
export function latestInForce<T>(items: readonly Dated<T>[], now: Date): T | undefined {
  const time = now.getTime();
  const inForce = items.filter(({ from, until }) => from <= time && time <= until);
  const candidates = inForce.length > 0 ? inForce : items;
  return candidates.toSorted((a, b) => orderOf(a) - orderOf(b)).at(-1)?.value;
}

function orderOf({ from, issued = from }: Dated<unknown>): number {
  return issued;
}
