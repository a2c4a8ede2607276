import { resolve } from "node:path";
import { toBase64 } from "@carrara/encoding";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { writeOutput } from "../files.ts";

/** How a command reports recovery secrets. */
export interface RecoveryDataReport {
  /** Lines for people; none where there are no secrets. */
  readonly lines: readonly string[];
  /** Fields of the JSON document. */
  readonly json: Readonly<Record<string, unknown>>;
  /** To throw once the report is written: the Coordinator gives the secrets only once. */
  readonly failure: CliError | undefined;
}

/**
 * Keeps the encrypted recovery secrets of a Coordinator's answer in `file`, mode 0600, or shows them:
 * also where the file cannot be written.
 */
export async function keepRecoveryData(
  { io }: CommandContext,
  secrets: ReadonlyMap<string, Uint8Array>,
  file: string | undefined,
): Promise<RecoveryDataReport> {
  const named = Object.fromEntries([...secrets].map(([name, secret]) => [name, toBase64(secret)]));
  const document = JSON.stringify({ RecoverySecrets: named });
  const shown = {
    lines: secrets.size === 0 ? [] : [document],
    json: { RecoverySecrets: named },
  };
  if (file === undefined || secrets.size === 0) return { ...shown, failure: undefined };
  try {
    await writeOutput(resolve(io.cwd, file), document);
  } catch (cause) {
    if (!(cause instanceof CliError)) throw cause;
    return { ...shown, failure: cause };
  }
  const lines = [`Recovery data saved to: ${file}`];
  return { lines, json: { recoveryData: file }, failure: undefined };
}
