/** A bounded memory of work that succeeded, oldest use forgotten first. */
export interface Memo<T> {
  /** What `make` gave for exactly these `parts`, from memory where possible. Failures are not kept. */
  get(parts: readonly string[], make: () => Promise<T>): Promise<T>;
}

interface Entry<T> {
  readonly parts: readonly string[];
  readonly value: T;
}

/**
 * Remembers up to `capacity` results. The key is the whole input, compared text by text, so nothing
 * can be confused with anything else; equal strings that are the same object compare in no time.
 */
export function createMemo<T>(capacity: number): Memo<T> {
  const entries: Entry<T>[] = [];

  function takeOut(parts: readonly string[]): Entry<T> | undefined {
    const index = entries.findIndex(
      (entry) =>
        entry.parts.length === parts.length && entry.parts.every((part, i) => part === parts[i]),
    );
    return index < 0 ? undefined : entries.splice(index, 1)[0];
  }

  return {
    async get(parts, make) {
      let entry = takeOut(parts);
      if (entry === undefined) {
        const value = await make();
        // Callers that missed at the same time must not fill the memory with copies.
        entry = takeOut(parts) ?? { parts: [...parts], value };
      }
      entries.unshift(entry);
      entries.length = Math.min(entries.length, capacity);
      return entry.value;
    },
  };
}
