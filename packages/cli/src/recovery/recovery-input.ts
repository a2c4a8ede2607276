import { resolve } from "node:path";
import {
  ClientError,
  isPlainRecoverySecret,
  parseRecoveryKey,
  type RecoveryKey,
} from "@carrara/client";
import { goBytes, goMap, goObject, ManifestError, readGoJson } from "@carrara/manifest";
import { refuseToken, type TokenOptions } from "../auth-options.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readInput } from "../files.ts";

/** Where a recovery key is. */
export interface RecoveryKeyOptions extends TokenOptions {
  readonly key?: string;
}

const recoveryData = goObject({ recoverySecrets: goMap(goBytes) });

/** The key that `--key` names, undefined without. Throws `PKCS11_UNAVAILABLE`, `FILE_UNREADABLE`. */
export async function loadRecoveryKey(
  { io }: CommandContext,
  options: RecoveryKeyOptions,
): Promise<RecoveryKey | undefined> {
  refuseToken(options);
  if (options.key === undefined) return undefined;
  return parseRecoveryKey(new TextDecoder().decode(await readInput(resolve(io.cwd, options.key))));
}

/** The same where the command cannot do without. Throws `USAGE` too. */
export async function requireRecoveryKey(
  context: CommandContext,
  options: RecoveryKeyOptions,
): Promise<RecoveryKey> {
  const key = await loadRecoveryKey(context, options);
  if (key !== undefined) return key;
  throw new CliError("USAGE", "this command needs --key, the private key of a recovery key");
}

/**
 * The plain recovery secret in `file`: as it is, encrypted under `key`, or in the recovery data that
 * `manifest set` wrote, where the one that `key` opens counts. Throws `RECOVERY_DATA_INVALID`,
 * `RECOVERY_SECRET_INVALID`, `USAGE`.
 */
export async function loadRecoverySecret(
  { io }: CommandContext,
  file: string,
  key: RecoveryKey | undefined,
): Promise<Uint8Array> {
  const bytes = await readInput(resolve(io.cwd, file));
  if (isPlainRecoverySecret(bytes)) return bytes;
  const secrets = secretsIn(bytes, file);
  if (key === undefined) {
    throw new CliError("USAGE", `${file} is encrypted: --key is needed to decrypt it`);
  }
  return decryptOne(secrets, key);
}

/** Recovery data is a JSON object; a ciphertext is one by chance in no lifetime. */
function secretsIn(bytes: Uint8Array, file: string): readonly Uint8Array[] {
  if (bytes[0] !== 0x7b) return [bytes];
  let named: ReadonlyMap<string, Uint8Array>;
  try {
    named = readGoJson(bytes, recoveryData, "whole").recoverySecrets;
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    // Random bytes that begin with a brace are an encrypted secret, in one of 256 cases.
    return [bytes];
  }
  if (named.size > 0) return [...named.values()];
  throw new CliError("RECOVERY_DATA_INVALID", `${file} has no RecoverySecrets`);
}

function decryptOne(secrets: readonly Uint8Array[], key: RecoveryKey): Uint8Array {
  let refusal: ClientError | undefined;
  for (const secret of secrets) {
    try {
      return key.decrypt(secret);
    } catch (cause) {
      if (!(cause instanceof ClientError)) throw cause;
      refusal = cause;
    }
  }
  if (secrets.length === 1 && refusal !== undefined) throw refusal;
  throw new CliError(
    "RECOVERY_DATA_INVALID",
    `none of the ${secrets.length} recovery secrets was encrypted for this key`,
  );
}
