import type { Command } from "commander";
import { auditFile } from "../ballot/audit-file.ts";
import { type CheckOptions, checkReceiptFile } from "../ballot/check-receipt-file.ts";
import { addChoicesOption, type ChoiceOptions } from "../ballot/choice-names.ts";
import { type FetchOptions, fetchBallotFiles } from "../ballot/fetch-ballot-files.ts";
import { showOpening } from "../ballot/show-opening.ts";
import { addTrustOptions, type TrustOptions } from "../ballot/trusted-log.ts";
import type { CommandContext } from "../command-context.ts";
import { SHOW_OPTIONS, withGlobalHelp } from "../evidence/evidence-help.ts";
import { addVerifyCommand } from "./verify-command.ts";

const EXIT_CODES = `
Exit codes: 0 proven, 1 not a file of this kind, 3 refused or nobody vouches for the log.`;

/** Adds `ballot` and what is below it: what a voter and an auditor can check for themselves. */
export function addBallotCommands(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  const ballot = program
    .command("ballot")
    .description("check receipts, audit a poll's log, and fetch what that needs");
  addTrustOptions(ballot.command("check <receipt>"))
    .description("prove offline that the ballot of a receipt is in the poll's log")
    .option("--checkpoint <file>", "a later checkpoint that the ballot must still be in")
    .option("--consistency <file>", "proof from the receipt's checkpoint to that one, as JSON")
    .addHelpText(
      "after",
      `${EXIT_CODES}

Examples:
  carrara ballot check receipt.json --evidence ballot/evidence.json --insecure
  carrara ballot check receipt.json --log-key "$LOG_KEY" --witness-key "$WITNESS_KEY"
  carrara ballot check receipt.json --evidence ballot/evidence.json --insecure \\
    --checkpoint ballot/checkpoint.txt --consistency ballot/receipt-consistency.json`,
    )
    .action(async (file: string, _: unknown, command: Command) => {
      await checkReceiptFile(contextOf(command), file, command.opts<CheckOptions>());
    });
  withGlobalHelp(addChoicesOption(ballot.command("opening <file>")), SHOW_OPTIONS)
    .description("recompute the code of a ballot that was audited instead of cast")
    .addHelpText("after", `${EXIT_CODES}\n\nExample:\n  carrara ballot opening opening.json`)
    .action(async (file: string, _: unknown, command: Command) => {
      await showOpening(contextOf(command), file, command.opts<ChoiceOptions>());
    });
  addChoicesOption(addTrustOptions(ballot.command("audit <file>")))
    .description("prove offline that a log only grew and that its tally adds up")
    .addHelpText(
      "after",
      `${EXIT_CODES}

Example:
  carrara ballot audit ballot/audit.json --evidence ballot/evidence.json --insecure`,
    )
    .action(async (file: string, _: unknown, command: Command) => {
      await auditFile(contextOf(command), file, command.opts<TrustOptions & ChoiceOptions>());
    });
  addChoicesOption(ballot.command("fetch <url>"))
    .description("get a poll's evidence, checkpoint and tally; proves growth since the last time")
    .option(
      "--out <dir>",
      "directory for the files, and for the checkpoint of the last time",
      "ballot",
    )
    .option("--receipt <file>", "also get the proof from this receipt's checkpoint to the latest")
    .addHelpText(
      "after",
      `
A log that is not the one of the last time, or lost or changed a ballot, is refused with exit code 3;
what the site showed is kept in refused-audit.json.

Examples:
  carrara ballot fetch https://localhost:8443 --insecure
  carrara ballot fetch https://localhost:8443 --receipt receipt.json --coordinator-cert cert.pem -i`,
    )
    .action(async (url: string, _: unknown, command: Command) => {
      await fetchBallotFiles(contextOf(command), url, command.opts<FetchOptions>());
    });
  addVerifyCommand(ballot, contextOf, "ballot verify");
}
