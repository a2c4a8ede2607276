import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { openCachedSession } from "../coordinator-session.ts";
import { writeReport } from "../report.ts";

/** Adds `status HOST`: the state's code and text (spec marblerun section 9.3). */
export function addStatusCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("status [host]")
    .description("print the state of a Coordinator that was verified before")
    .addHelpText("after", "\nExample:\n  carrara status localhost:4433")
    .action(async (host: string | undefined, _: unknown, command: Command) => {
      const context = contextOf(command);
      const { client, assurance } = await openCachedSession(context, host);
      const { code, message } = await client.status(context.io.signal);
      writeReport(context.io, context.options, {
        text: `${code}: ${message}`,
        assurance,
        json: { code, message },
      });
    });
}
