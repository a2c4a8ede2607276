import { TeeError } from "../error.ts";

/**
 * What `task` gives, or `EVIDENCE_IO` after `timeoutMs`. A system call cannot be called back: the
 * task goes on, cleans up behind itself, and nobody hears of its result.
 */
export async function withDeadline<T>(timeoutMs: number, task: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TeeError("EVIDENCE_IO", `no evidence within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([task(), late]);
  } finally {
    clearTimeout(timer);
  }
}
