import { resolve } from "node:path";
import { parseUserSecrets, secretsJson } from "@carrara/client";
import { encodeGoJson, type UserSecret } from "@carrara/manifest";
import type { Command } from "commander";
import { type AuthOptions, addAuthOptions, loadIdentity } from "../auth-options.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { openCachedSession } from "../coordinator-session.ts";
import { readInput, writeOutput } from "../files.ts";
import { writeReport } from "../report.ts";
import { readPemSecret } from "../secrets/pem-secret.ts";
import { secretText } from "../secrets/secret-text.ts";

const SET_HELP = `
FILE is a JSON object of secrets by name, values in base64:
  {"key": {"Key": "AAECAw=="}, "tls": {"Cert": "<DER>", "Private": "<PKCS#8>"}}
or, with --from-pem, a PEM file with a certificate and its private key.

Examples:
  carrara secret set secrets.json localhost:4433 --cert admin.pem --key admin-key.pem
  carrara secret set tls.pem localhost:4433 --from-pem tls --cert admin.pem --key admin-key.pem`;

const GET_HELP = `
The last argument is HOST, unless MARBLERUN names one and the argument has no port.

Example:
  carrara secret get key tls localhost:4433 --cert admin.pem --key admin-key.pem -o secrets.json`;

/** Adds `secret set|get` (spec marblerun section 9.3). */
export function addSecretCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const secret = program
    .command("secret")
    .description("set and get secrets of a manifest, as a user that it names");
  addAuthOptions(
    secret
      .command("set <file> [host]")
      .description("upload values of user-defined secrets, all or none")
      .option("--from-pem <name>", "read a certificate secret of this name from PEM"),
  )
    .addHelpText("after", SET_HELP)
    .action(async (file: string, host: string | undefined, _: unknown, command: Command) => {
      await setSecrets(contextOf(command), file, host, command.opts());
    });
  addAuthOptions(
    secret
      .command("get <name...>")
      .usage("[options] <name...> [host]")
      .description("print secrets, all or none")
      .option("-o, --output <file>", "write them to a file as JSON, mode 0600"),
  )
    .addHelpText("after", GET_HELP)
    .action(async (names: string[], _: unknown, command: Command) => {
      await getSecrets(contextOf(command), names, command.opts());
    });
}

async function setSecrets(
  context: CommandContext,
  file: string,
  host: string | undefined,
  given: AuthOptions & { readonly fromPem?: string },
): Promise<void> {
  const { io, options } = context;
  const identity = await loadIdentity(context, given);
  const bytes = await readInput(resolve(io.cwd, file));
  const secrets = secretsIn(bytes, given.fromPem);
  const { client, assurance } = await openCachedSession(context, host, identity);
  await client.setSecrets(secrets, io.signal);
  const json = { names: [...secrets.keys()] };
  writeReport(io, options, { text: "Secret successfully set", assurance, json });
}

function secretsIn(
  bytes: Uint8Array,
  pemName: string | undefined,
): ReadonlyMap<string, UserSecret> {
  if (pemName === undefined) return parseUserSecrets(bytes);
  return new Map([[pemName, readPemSecret(new TextDecoder().decode(bytes))]]);
}

async function getSecrets(
  context: CommandContext,
  given: readonly string[],
  auth: AuthOptions & { readonly output?: string },
): Promise<void> {
  const { io, options } = context;
  const { names, host } = namesAndHost(context, given);
  const identity = await loadIdentity(context, auth);
  const { client, assurance } = await openCachedSession(context, host, identity);
  const secrets = await client.getSecrets(names, io.signal);
  const document = encodeGoJson(secretsJson(secrets));
  const { output } = auth;
  if (output !== undefined) await writeOutput(resolve(io.cwd, output), document);
  writeReport(io, options, {
    text: output === undefined ? secretText(secrets) : `Saved secrets to: ${output}`,
    assurance,
    json: output === undefined ? { secrets: JSON.parse(document) } : { output },
  });
}

/** A name has no port at its end; without MARBLERUN the last argument has to be HOST. */
function namesAndHost(
  { io }: CommandContext,
  given: readonly string[],
): { readonly names: readonly string[]; readonly host: string | undefined } {
  const last = given.at(-1) ?? "";
  if (io.env.MARBLERUN && !/:[0-9]{1,5}$/.test(last)) return { names: given, host: undefined };
  if (given.length > 1) return { names: given.slice(0, -1), host: last };
  throw new CliError("USAGE", "NAME and HOST are needed, or MARBLERUN for HOST");
}
