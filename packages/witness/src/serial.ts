/** Does one piece of work after another, in the order of the calls. */
export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** Creates a queue; work that fails does not keep what comes after it from being done. */
export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return await result;
  };
}
