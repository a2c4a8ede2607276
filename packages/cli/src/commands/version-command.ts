import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { writeReport } from "../report.ts";
import { COMMIT, VERSION } from "../version.ts";

/** Adds `version`. */
export function addVersionCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("version")
    .description("print the version of this program")
    .action((_: unknown, command: Command) => {
      const { io, options } = contextOf(command);
      writeReport(io, options, {
        text: `CLI Version: v${VERSION}\nCommit: ${COMMIT}`,
        json: { version: VERSION, commit: COMMIT },
      });
    });
}
