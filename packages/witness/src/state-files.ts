import {
  type DurableDirectory,
  lockSharedDirectory,
  openDurableDirectory,
  systemCodeOf,
} from "@carrara/files";
import { WitnessError } from "./witness-error.ts";

/** Largest file that is read, in bytes: one signed checkpoint is far smaller. */
const MAX_FILE_BYTES = 1024 * 1024;

/** The file operations that a witness's promise rests on; each has happened when it resolves. */
export type StateFiles = Pick<DurableDirectory, "read" | "write" | "rename" | "sync">;

/** State files that no other witness uses meanwhile. */
export interface StateDirectory extends StateFiles {
  /** Lets the next witness in; may be called twice. */
  close(): Promise<void>;
}

/**
 * Opens `dir`, mode 0700, made if missing. Two witnesses over one state would each remember another
 * tree. Throws `WITNESS_STATE_LOCKED`, `WITNESS_STATE_UNWRITABLE`.
 */
export async function openStateDirectory(dir: string): Promise<StateDirectory> {
  try {
    const files = await openDurableDirectory(dir, { maxBytes: MAX_FILE_BYTES });
    const unlock = await lockSharedDirectory(dir);
    if (unlock !== undefined) return { ...files, close: unlock };
  } catch (cause) {
    const message = `the state directory cannot be used (${systemCodeOf(cause)})`;
    throw new WitnessError("WITNESS_STATE_UNWRITABLE", message, { cause });
  }
  throw new WitnessError("WITNESS_STATE_LOCKED", "another witness works on this directory");
}
