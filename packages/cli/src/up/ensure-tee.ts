import { readFile, writeFile } from "node:fs/promises";
import type { TeeKind } from "@carrara/attestation";
import { isSystemError } from "@carrara/files";
import { CliError } from "../cli-error.ts";

/** What meshes ran on before the file was written. */
const FIRST_TEE: TeeKind = "sgx";

/**
 * Holds a state directory to one kind of TEE: another could not unseal what is in it. `isNew` says
 * whether there is no state yet. Throws `STATE_OTHER_TEE`.
 */
export async function ensureTee(file: string, tee: TeeKind, isNew: boolean): Promise<void> {
  const made = await readTee(file);
  const had = made ?? (isNew ? tee : FIRST_TEE);
  if (had !== tee) {
    throw new CliError(
      "STATE_OTHER_TEE",
      `the state was made with --tee ${had}, not ${tee}; use another --state-dir`,
    );
  }
  if (made === undefined) await writeFile(file, tee, { mode: 0o600 });
}

async function readTee(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).slice(0, 16).trim();
  } catch (cause) {
    if (isSystemError(cause, "ENOENT")) return undefined;
    throw cause;
  }
}
