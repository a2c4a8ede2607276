import { ManifestError } from "../error.ts";

/** The code `action` fails with, `none` when it does not; errors of another class pass through. */
export function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ManifestError) return error.code;
    throw error;
  }
  return "none";
}
