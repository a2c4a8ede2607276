import { resolve } from "node:path";
import type { ClientIdentity } from "@carrara/client";
import { type Command, Option } from "commander";
import { CliError } from "./cli-error.ts";
import type { CommandContext } from "./command-context.ts";
import { readInput } from "./files.ts";

/** Options that name keys on a PKCS#11 token; read so that they can be refused by name. */
export interface TokenOptions {
  readonly pkcs11Config?: string;
  readonly pkcs11KeyId?: string;
  readonly pkcs11KeyLabel?: string;
  readonly pkcs11CertId?: string;
  readonly pkcs11CertLabel?: string;
}

/** Options that say who asks (spec marblerun section 9.3). */
export interface AuthOptions extends TokenOptions {
  readonly cert?: string;
  readonly key?: string;
}

/** Adds `--cert` and `--key`, and MarbleRun's PKCS#11 options. */
export function addAuthOptions(command: Command): Command {
  command
    .option("-c, --cert <file>", "PEM certificate of a user of the manifest")
    .option("-k, --key <file>", "PEM private key of the certificate");
  return addTokenOptions(command, ["key", "cert"]);
}

/** Adds `--key` for a recovery key, and MarbleRun's PKCS#11 options. */
export function addRecoveryKeyOptions(command: Command): Command {
  command.option("-k, --key <file>", "PEM private key of a recovery key of the manifest");
  return addTokenOptions(command, ["key"]);
}

/** Not in the help: this build cannot use them, and says so. */
function addTokenOptions(command: Command, objects: readonly string[]): Command {
  command.addOption(new Option("--pkcs11-config <file>").hideHelp());
  for (const object of objects) {
    command.addOption(new Option(`--pkcs11-${object}-id <id>`).hideHelp());
    command.addOption(new Option(`--pkcs11-${object}-label <label>`).hideHelp());
  }
  return command;
}

/** Refuses keys on a token. Throws `PKCS11_UNAVAILABLE`. */
export function refuseToken(options: TokenOptions): void {
  const { pkcs11Config, pkcs11KeyId, pkcs11KeyLabel, pkcs11CertId, pkcs11CertLabel } = options;
  const given = [pkcs11Config, pkcs11KeyId, pkcs11KeyLabel, pkcs11CertId, pkcs11CertLabel];
  if (given.every((value) => value === undefined)) return;
  throw new CliError(
    "PKCS11_UNAVAILABLE",
    "this program cannot use keys on a PKCS#11 token; name PEM files with --cert and --key, or sign elsewhere and use recover-with-signature",
  );
}

/** The user that the options name. Throws `USAGE`, `PKCS11_UNAVAILABLE`, `FILE_UNREADABLE`. */
export async function loadIdentity(
  { io }: CommandContext,
  options: AuthOptions,
): Promise<ClientIdentity> {
  refuseToken(options);
  const { cert, key } = options;
  if (cert === undefined || key === undefined) {
    throw new CliError("USAGE", "this command needs --cert and --key of a user of the manifest");
  }
  const read = async (file: string): Promise<string> =>
    new TextDecoder().decode(await readInput(resolve(io.cwd, file)));
  return { certificatePem: await read(cert), privateKeyPem: await read(key) };
}
