import { resolve } from "node:path";
import { encodeVerifierKey, type VerifierKey } from "@carrara/transparency";
import {
  createWitnessKey,
  loadWitnessKey,
  openStateDirectory,
  openWitness,
  serveWitness,
  type Witness,
  type WitnessEvent,
  type WitnessServer,
} from "@carrara/witness";
import { type Command, InvalidArgumentError, Option } from "commander";
import { logKeysIn, logKeysOption } from "../ballot/key-options.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { SHOW_OPTIONS, withGlobalHelp } from "../evidence/evidence-help.ts";
import { readText } from "../files.ts";
import { printable } from "../printable.ts";
import { writeReport } from "../report.ts";

/** Options of `carrara witness`. */
interface WitnessOptions {
  readonly key?: string;
  readonly state?: string;
  readonly listen: ListenAddress;
  readonly logKey?: readonly VerifierKey[];
  readonly log?: string;
}

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Adds `witness` and `witness keygen`. */
export function addWitnessCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const witness = withGlobalHelp(program.command("witness"), SHOW_OPTIONS)
    .description("cosign checkpoints of logs that only grow, for others to rely on")
    .option("--key <file>", "the witness's key, made with `witness keygen`")
    .option("--state <dir>", "where the largest tree of each log is kept; never lose it")
    .addOption(
      new Option("--listen <address>", "address and port; 0 takes a free one")
        .argParser(addressOf)
        .default({ host: "127.0.0.1", port: 8700 }, "127.0.0.1:8700"),
    )
    .addOption(logKeysOption("a log to watch, by its verifier key; may be repeated"))
    .option("--log <file>", "logs to watch: a file of verifier keys, one a line")
    .addHelpText(
      "after",
      `
Speaks C2SP tlog-witness over plain HTTP: what it hears and says is signed. A log that has shown two
histories gets cosignatures for one of them. Whoever restores an old state directory, or runs a second
witness with the same key, breaks that promise.

Examples:
  carrara witness keygen --name witness.example/w1 --key witness.key
  carrara witness --key witness.key --state witness-state --log logs.txt
  carrara witness --key witness.key --state witness-state --listen 127.0.0.1:8701 --log-key "$LOG_KEY"`,
    )
    .action(async (_: unknown, command: Command) => {
      await runWitness(contextOf(command), command.opts<WitnessOptions>());
    });
  withGlobalHelp(witness.command("keygen"), SHOW_OPTIONS)
    .description("make a witness's key, and print the verifier key that others need")
    .option("--name <name>", "a URL without its scheme that says whose witness it is")
    .option("--key <file>", "file to write, mode 0600; never overwritten")
    .addHelpText(
      "after",
      "\nExample:\n  carrara witness keygen --name witness.example/w1 --key witness.key",
    )
    .action(async (_: unknown, command: Command) => {
      // The command above has a --key too, and takes it wherever it stands.
      await makeKey(contextOf(command), command.optsWithGlobals<KeygenOptions>());
    });
}

function addressOf(text: string): ListenAddress {
  const [, name = "", bracketed = "", digits = ""] =
    /^(?:([^:[\]]+)|\[([0-9a-fA-F:.]+)\]):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits !== "" && port < 65_536) return { host: name || bracketed, port };
  throw new InvalidArgumentError("an address is given as HOST:PORT, as in 127.0.0.1:8700");
}

interface KeygenOptions {
  readonly name?: string;
  readonly key?: string;
}

async function makeKey({ io, options }: CommandContext, given: KeygenOptions): Promise<void> {
  const { name, key } = given;
  if (name === undefined)
    throw new CliError("USAGE", "--name is missing, as in witness.example/w1");
  if (key === undefined) throw new CliError("USAGE", "--key is missing: the file to write");
  const { verifierKey } = await createWitnessKey(resolve(io.cwd, key), name);
  const text = encodeVerifierKey(verifierKey);
  writeReport(io, options, { text, json: { verifierKey: text, key } });
}

async function runWitness(context: CommandContext, given: WitnessOptions): Promise<void> {
  const { io } = context;
  const [keyFile, stateDir] = [given.key, given.state];
  if (keyFile === undefined)
    throw new CliError("USAGE", "--key is missing: the witness's key file");
  if (stateDir === undefined) throw new CliError("USAGE", "--state is missing: a directory");
  const logKeys = await logKeysOf(context, given);
  const key = await loadWitnessKey(resolve(io.cwd, keyFile));
  const files = await openStateDirectory(resolve(io.cwd, stateDir));
  try {
    const onEvent = (event: WitnessEvent): void => tell(context, event);
    const witness = await openWitness({ key, logKeys, files, now: () => new Date(), onEvent });
    const server = await listen(witness, given.listen);
    try {
      tellReady(context, { url: server.url, verifierKey: encodeVerifierKey(key.verifierKey) });
      await stopRequested(io.signal);
    } finally {
      await server.close();
    }
  } finally {
    await files.close();
  }
}

async function listen(witness: Witness, address: ListenAddress): Promise<WitnessServer> {
  try {
    return await serveWitness(witness, address);
  } catch (cause) {
    const where = `${address.host}:${address.port}`;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    const message = `cannot listen on ${where} (${code}); choose another with --listen`;
    throw new CliError("PORT_TAKEN", message, { cause });
  }
}

async function logKeysOf(
  { io }: CommandContext,
  { logKey = [], log }: WitnessOptions,
): Promise<readonly VerifierKey[]> {
  const listed = log === undefined ? [] : logKeysIn(await readText(resolve(io.cwd, log)), log);
  const keys = [...logKey, ...listed];
  if (keys.length > 0) return keys;
  throw new CliError("USAGE", "no log to watch: name one with --log-key, or a file with --log");
}

function tellReady(
  { io, options }: CommandContext,
  { url, verifierKey }: { readonly url: string; readonly verifierKey: string },
): void {
  const line = `Witness listens on ${url}\nVerifier key: ${verifierKey}\n`;
  io.stdout(options.json ? `${JSON.stringify({ event: "ready", url, verifierKey })}\n` : line);
}

/** One line an event; with `--json` on standard output, for programs. */
function tell({ io, options }: CommandContext, event: WitnessEvent): void {
  const line = `${printable(JSON.stringify(event))}\n`;
  if (options.json) io.stdout(line);
  else io.stderr(line);
}

async function stopRequested(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
