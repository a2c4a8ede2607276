import { TransparencyError } from "@carrara/transparency";
import { BallotError } from "../error.ts";

/** The code `action` fails with, `none` when it does not; errors without a code of ours pass through. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return codeOfError(error);
  }
  return "none";
}

/** The code `work` fails with, `none` when it does not. */
export async function codeOfWork(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return codeOfError(error);
  }
  return "none";
}

function codeOfError(error: unknown): string {
  if (error instanceof BallotError || error instanceof TransparencyError) return error.code;
  throw error;
}
