/** Names failures by their codes, `none` where there is none; errors of other classes pass through. */
export interface Codes {
  codeOf(action: () => unknown): string;
  codeOfWork(work: Promise<unknown>): Promise<string>;
}

/** An error class with codes. */
type CodedClass = abstract new (...args: never[]) => Error & { readonly code: string };

/** {@link Codes} of these error classes. */
export function codesOf(...classes: readonly CodedClass[]): Codes {
  const codeOfError = (error: unknown): string => {
    for (const coded of classes) if (error instanceof coded) return error.code;
    throw error;
  };
  return {
    codeOf: (action) => {
      try {
        action();
        return "none";
      } catch (error) {
        return codeOfError(error);
      }
    },
    codeOfWork: async (work) => {
      try {
        await work;
        return "none";
      } catch (error) {
        return codeOfError(error);
      }
    },
  };
}
