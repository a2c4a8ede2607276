import { Argument, type Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { bashCompletion } from "../completion/bash-completion.ts";
import { type CommandEntry, commandTable } from "../completion/command-table.ts";
import { fishCompletion } from "../completion/fish-completion.ts";
import { powershellCompletion } from "../completion/powershell-completion.ts";
import { zshCompletion } from "../completion/zsh-completion.ts";

const SHELLS: ReadonlyMap<string, (table: CommandEntry) => string> = new Map([
  ["bash", bashCompletion],
  ["zsh", zshCompletion],
  ["fish", fishCompletion],
  ["powershell", powershellCompletion],
]);

const HELP = `
Examples:
  source <(carrara completion bash)
  carrara completion zsh > "\${fpath[1]}/_carrara"
  carrara completion fish > ~/.config/fish/completions/carrara.fish
  carrara completion powershell | Out-String | Invoke-Expression`;

/** Adds `completion SHELL`: a script made from the commands of `program`. */
export function addCompletionCommand(
  program: Command,
  contextOf: (command: Command) => CommandContext,
): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "the shell to complete in").choices([...SHELLS.keys()]))
    .description("print a script that completes commands and options in a shell")
    .addHelpText("after", HELP)
    .action((shell: string, _: unknown, command: Command) => {
      contextOf(command).io.stdout(SHELLS.get(shell)?.(commandTable(program)) ?? "");
    });
}
