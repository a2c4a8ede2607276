import { TeeError } from "../error.ts";

/** The code of what `work` throws, or `done`; anything without a code is thrown on. */
export async function errorCodeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    if (error instanceof TeeError) return error.code;
    throw error;
  }
}
