import { Command, CommanderError } from "commander";
import { CliError } from "./cli-error.ts";
import type { CliIo } from "./cli-io.ts";
import type { CommandContext } from "./command-context.ts";
import { addBallotCommands } from "./commands/ballot-command.ts";
import { addCertificateCommands } from "./commands/certificate-command.ts";
import { addCheckCommand } from "./commands/check-command.ts";
import { addCompletionCommand } from "./commands/completion-command.ts";
import { addEvidenceCommands } from "./commands/evidence-command.ts";
import { addImageCommands } from "./commands/image-command.ts";
import { addKubernetesCommands } from "./commands/kubernetes-command.ts";
import { addManifestCommands } from "./commands/manifest-command.ts";
import { addRecoverCommands } from "./commands/recover-command.ts";
import { addRunCommand } from "./commands/run-image-command.ts";
import { addSecretCommands } from "./commands/secret-command.ts";
import { addStatusCommand } from "./commands/status-command.ts";
import { addUpCommand, failedLine } from "./commands/up-command.ts";
import { addVerifyCommand } from "./commands/verify-command.ts";
import { addVersionCommand } from "./commands/version-command.ts";
import { addWitnessCommands } from "./commands/witness-command.ts";
import { EXIT, type ExitCode, errorJson, errorLine, exitCodeOf } from "./exit-code.ts";
import { addGlobalOptions, type GlobalOptions } from "./global-options.ts";

const EXAMPLES = `
Examples:
  carrara up apps/emojivoto                                     run a mesh on this machine
  carrara manifest verify manifest.json localhost:4433 -i       check what a mesh enforces
  carrara status localhost:4433                                 ask a verified Coordinator
  carrara verify https://localhost:8443 -i                      who runs a site, who can change it
  carrara ballot check receipt.json --evidence evidence.json    prove that a ballot is in the log
  carrara evidence verify quote.bin --policy policy.json        verify evidence in a file

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not trusted, 4 unreachable.
HOST is name:port; without it MARBLERUN of the environment is used.`;

/**
 * Runs the command line `args` (without program names) and gives the exit code: results go to
 * standard output, talk and errors to standard error. Never throws, never exits.
 */
export async function run(args: readonly string[], io: CliIo): Promise<ExitCode> {
  const output = { wrote: false };
  const stdout: CliIo["stdout"] = (content) => {
    output.wrote = true;
    io.stdout(content);
  };
  try {
    await createProgram({ ...io, stdout }).parseAsync(args, { from: "user" });
    return EXIT.done;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      // What to do instead is on standard error already.
      const refusal = usageError(error);
      // `up` speaks in lines, one event each.
      const told = args[0] === "up" ? failedLine(refusal) : errorJson(refusal);
      if (args.includes("--json")) io.stdout(told);
      return EXIT.usage;
    }
    io.stderr(errorLine(error));
    // One document only: a refusal may be in the command's own, and `up` has told it as an event.
    const isTold = output.wrote || args[0] === "up";
    if (args.includes("--json") && !isTold) io.stdout(errorJson(error));
    return exitCodeOf(error);
  }
}

/** Commander's refusal as ours; where it only printed its help, a command was missing. */
function usageError({ code, message }: CommanderError): CliError {
  const isHelp = code === "commander.help";
  const text = isHelp ? "a command is missing, see --help" : message.replace(/^error: /, "");
  return new CliError("USAGE", text);
}

function createProgram(io: CliIo): Command {
  const program = new Command("carrara")
    .description("Run, verify and manage a confidential service mesh")
    .configureOutput({
      writeOut: io.stdout,
      writeErr: io.stderr,
      outputError: (text, write) => write(text.replace(/^error: /, "Error: USAGE: ")),
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", EXAMPLES)
    .exitOverride();
  addGlobalOptions(program);
  const contextOf = (command: Command): CommandContext => ({
    io,
    options: command.optsWithGlobals<GlobalOptions>(),
  });
  addUpCommand(program, contextOf);
  addManifestCommands(program, contextOf);
  addSecretCommands(program, contextOf);
  addRecoverCommands(program, contextOf);
  addStatusCommand(program, contextOf);
  addCheckCommand(program, contextOf);
  addCertificateCommands(program, contextOf);
  addVerifyCommand(program, contextOf, "verify");
  addBallotCommands(program, contextOf);
  addWitnessCommands(program, contextOf);
  addEvidenceCommands(program, contextOf);
  addImageCommands(program, contextOf);
  addRunCommand(program, contextOf);
  addVersionCommand(program, contextOf);
  addCompletionCommand(program, contextOf);
  addKubernetesCommands(program);
  return program;
}
