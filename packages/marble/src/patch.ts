/** Undoes what it was returned for. */
export type Restore = () => void;

/** Any function that can stand in for a method of a Node module. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Replaces the method `name` of `target` by what `make` builds around the original; own properties
 * of the original, for example how it is promisified, are kept. A method that is absent is left so.
 */
export function replaceMethod(
  target: object,
  name: string,
  make: (original: Method) => Method,
): Restore {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  const original: unknown = Reflect.get(target, name);
  if (typeof original !== "function") return () => {};
  const replacement = make(original as Method);
  for (const key of Reflect.ownKeys(original)) {
    const own = Object.getOwnPropertyDescriptor(original, key);
    const current = Object.getOwnPropertyDescriptor(replacement, key);
    if (own !== undefined && current?.configurable !== false) {
      Object.defineProperty(replacement, key, own);
    }
  }
  Object.defineProperty(target, name, {
    value: replacement,
    writable: true,
    configurable: true,
    enumerable: descriptor?.enumerable ?? true,
  });
  return () => {
    if (descriptor === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, descriptor);
  };
}

/** One function that runs all of `restores`, last first; a second call does nothing. */
export function restoreAll(restores: readonly Restore[]): Restore {
  const left = [...restores];
  return () => {
    for (let restore = left.pop(); restore !== undefined; restore = left.pop()) restore();
  };
}
