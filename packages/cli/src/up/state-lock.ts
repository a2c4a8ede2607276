import { mkdir } from "node:fs/promises";
import { lockDirectory, type Unlock } from "@carrara/files";
import { CliError } from "../cli-error.ts";

/**
 * Keeps a state directory, which it creates with mode 0700, for this mesh until the returned function
 * runs or this process ends. Throws `STATE_LOCKED` while another mesh runs there.
 */
export async function lockStateDir(stateDir: string): Promise<Unlock> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const unlock = await lockDirectory(stateDir);
  if (unlock !== undefined) return unlock;
  throw new CliError(
    "STATE_LOCKED",
    `another mesh runs on ${stateDir}; stop it first, or choose another directory with --state-dir`,
  );
}
