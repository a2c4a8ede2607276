import { resolve } from "node:path";
import { encryptRecoverySecret } from "@carrara/client";
import { encodePem, parsePem } from "@carrara/encoding";
import type { Command } from "commander";
import { addRecoveryKeyOptions } from "../auth-options.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { type AttestedSession, openAttestedSession } from "../coordinator-session.ts";
import { readInput, writeNew, writeOutput } from "../files.ts";
import {
  loadRecoveryKey,
  loadRecoverySecret,
  type RecoveryKeyOptions,
  requireRecoveryKey,
} from "../recovery/recovery-input.ts";
import { writeReport } from "../report.ts";

const KEYFILE = `
KEYFILE is a recovery secret, plain or encrypted, or the recovery data that "carrara manifest set"
wrote: then the secret counts that --key opens.`;

/** Adds `recover` and `recover-with-signature` with its steps (spec marblerun sections 8.5, 9.3). */
export function addRecoverCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const recover = program
    .command("recover <keyfile> [host]")
    .description("hand a recovery secret to a Coordinator that cannot unseal its state");
  addRecoveryKeyOptions(recover)
    .addHelpText(
      "after",
      `${KEYFILE}\n\nExample:\n  carrara recover recovery.json localhost:4433 --key recovery-key.pem`,
    )
    .action(async (file: string, host: string | undefined, _: unknown, command: Command) => {
      await recoverWithKey(contextOf(command), file, host, command.opts());
    });
  const parent = program
    .command("recover-with-signature <keyfile> [host]")
    .description("the same in steps, for keys that never leave where they are")
    .option("-s, --signature <file>", "signature of the plain recovery secret")
    .addHelpText(
      "after",
      `
Steps, of which only the last but one needs the key:
  carrara recover-with-signature public-key localhost:4433 -o coordinator.pem
  carrara recover-with-signature encrypt-secret secret.bin --coordinator-pub-key coordinator.pem -o secret.enc
  carrara recover-with-signature sign-secret secret.bin --key recovery-key.pem -o secret.sig
  carrara recover-with-signature secret.enc localhost:4433 --signature secret.sig`,
    )
    .action(async (file: string, host: string | undefined, _: unknown, command: Command) => {
      await recoverWithSignature(contextOf(command), file, host, command.opts());
    });
  addSteps(parent, contextOf);
}

function addSteps(parent: Command, contextOf: (command: Command) => CommandContext): void {
  parent
    .command("public-key [host]")
    .description("print the key that recovery secrets are encrypted under on their way")
    .option("-o, --output <file>", "write to a file")
    .addHelpText(
      "after",
      "\nExample:\n  carrara recover-with-signature public-key localhost:4433 -o coordinator.pem",
    )
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      await printPublicKey(contextOf(command), host, command.opts());
    });
  addRecoveryKeyOptions(
    parent
      .command("encrypt-secret <keyfile>")
      .description("encrypt a recovery secret for the Coordinator")
      .requiredOption("--coordinator-pub-key <file>", "PEM of the Coordinator's key")
      .requiredOption("-o, --output <file>", "file to create"),
  )
    .addHelpText(
      "after",
      `${KEYFILE}\n\nExample:\n  carrara recover-with-signature encrypt-secret secret.bin --coordinator-pub-key coordinator.pem -o secret.enc`,
    )
    .action(async (file: string, _: unknown, command: Command) => {
      await encryptSecret(contextOf(command), file, command.opts());
    });
  addRecoveryKeyOptions(
    parent
      .command("sign-secret <keyfile>")
      .description("sign a plain recovery secret")
      .requiredOption("-o, --output <file>", "file to create"),
  )
    .addHelpText(
      "after",
      `${KEYFILE}\n\nExample:\n  carrara recover-with-signature sign-secret recovery.json --key recovery-key.pem -o secret.sig`,
    )
    .action(async (file: string, _: unknown, command: Command) => {
      await signSecret(contextOf(command), file, command.opts());
    });
}

async function recoverWithKey(
  context: CommandContext,
  file: string,
  host: string | undefined,
  options: RecoveryKeyOptions,
): Promise<void> {
  const key = await requireRecoveryKey(context, options);
  const plain = await loadRecoverySecret(context, file, key);
  const session = await openAttestedSession(context, host);
  const ephemeral = await session.client.getRecoveryPublicKey(context.io.signal);
  // Old servers have no such key; TLS to the attested Coordinator protects the secret all the same.
  const sent = ephemeral === undefined ? plain : encryptRecoverySecret(plain, ephemeral);
  await submit(context, session, sent, key.sign(plain));
}

async function recoverWithSignature(
  context: CommandContext,
  file: string,
  host: string | undefined,
  { signature }: { readonly signature?: string },
): Promise<void> {
  if (signature === undefined) throw new CliError("USAGE", "this command needs --signature");
  const { cwd } = context.io;
  const secret = await readInput(resolve(cwd, file));
  const signed = await readInput(resolve(cwd, signature));
  await submit(context, await openAttestedSession(context, host), secret, signed);
}

async function submit(
  { io, options }: CommandContext,
  { client, assurance }: AttestedSession,
  secret: Uint8Array,
  signature: Uint8Array,
): Promise<void> {
  const { remaining, message } = await client.recover(secret, signature, io.signal);
  writeReport(io, options, { text: message, assurance, json: { remaining, message } });
}

async function printPublicKey(
  context: CommandContext,
  host: string | undefined,
  { output }: { readonly output?: string },
): Promise<void> {
  const { io, options } = context;
  const { client, assurance } = await openAttestedSession(context, host);
  const spki = await client.getRecoveryPublicKey(io.signal);
  if (spki === undefined) {
    throw new CliError(
      "RECOVERY_DATA_INVALID",
      'this Coordinator has no recovery key; use "carrara recover"',
    );
  }
  const pem = encodePem("PUBLIC KEY", spki);
  if (output !== undefined) await writeOutput(resolve(io.cwd, output), pem);
  writeReport(io, options, {
    text: output === undefined ? pem.trimEnd() : `Public key written to: ${output}`,
    assurance,
    json: output === undefined ? { publicKey: pem } : { output },
  });
}

async function encryptSecret(
  context: CommandContext,
  file: string,
  options: RecoveryKeyOptions & { readonly coordinatorPubKey: string; readonly output: string },
): Promise<void> {
  const { io } = context;
  const plain = await loadRecoverySecret(context, file, await loadRecoveryKey(context, options));
  const pem = new TextDecoder().decode(await readInput(resolve(io.cwd, options.coordinatorPubKey)));
  const block = parsePem(pem).find(({ label }) => label === "PUBLIC KEY");
  if (block === undefined) {
    throw new CliError(
      "RECOVERY_DATA_INVALID",
      `${options.coordinatorPubKey} has no PEM block PUBLIC KEY`,
    );
  }
  await writeNew(resolve(io.cwd, options.output), encryptRecoverySecret(plain, block.bytes));
  reportOutput(context, "Encrypted secret", options.output);
}

async function signSecret(
  context: CommandContext,
  file: string,
  options: RecoveryKeyOptions & { readonly output: string },
): Promise<void> {
  const key = await requireRecoveryKey(context, options);
  const plain = await loadRecoverySecret(context, file, key);
  await writeNew(resolve(context.io.cwd, options.output), key.sign(plain));
  reportOutput(context, "Signature", options.output);
}

function reportOutput({ io, options }: CommandContext, what: string, output: string): void {
  writeReport(io, options, { text: `${what} written to: ${output}`, json: { output } });
}
