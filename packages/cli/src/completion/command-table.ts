import type { Command } from "commander";

/** An option as shells offer it. */
export interface OptionEntry {
  /** `--name`. */
  readonly long: string;
  /** `-n`, or undefined. */
  readonly short: string | undefined;
  readonly description: string;
  /** What may follow it; undefined for a flag. */
  readonly value: "file" | "text" | readonly string[] | undefined;
}

/** A command as shells offer it. */
export interface CommandEntry {
  /** Names after the program's own, none for the program itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly CommandEntry[];
  /** Those of the commands around it included. */
  readonly options: readonly OptionEntry[];
  /** Words that its first argument may be. */
  readonly choices: readonly string[];
}

const HELP: OptionEntry = {
  long: "--help",
  short: "-h",
  description: "display help for command",
  value: undefined,
};

/** The table of all commands that the help shows. */
export function commandTable(program: Command): CommandEntry {
  return entryOf(program, [], [HELP]);
}

function entryOf(
  command: Command,
  path: readonly string[],
  inherited: readonly OptionEntry[],
): CommandEntry {
  const options = [...optionsOf(command), ...inherited];
  const visible = command.createHelp().visibleCommands(command);
  return {
    path,
    description: command.description(),
    subcommands: visible
      .filter((child) => child.name() !== "help")
      .map((child) => entryOf(child, [...path, child.name()], options)),
    options,
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

function optionsOf(command: Command): readonly OptionEntry[] {
  return command.options
    .filter(({ hidden, long }) => !hidden && long !== undefined)
    .map(({ long, short, description, flags, argChoices }) => ({
      long: long ?? "",
      short: short ?? undefined,
      description,
      value: valueKindOf(flags, argChoices),
    }));
}

function valueKindOf(flags: string, choices: readonly string[] | undefined): OptionEntry["value"] {
  if (choices !== undefined) return choices;
  if (/<(?:file|dir|path)>/.test(flags)) return "file";
  return flags.includes("<") ? "text" : undefined;
}

/** A table and all below it, the program first. */
export function allEntries(entry: CommandEntry): readonly CommandEntry[] {
  return [entry, ...entry.subcommands.flatMap(allEntries)];
}

/** Words that may follow a command: subcommands, choices and options, with descriptions. */
export function wordsOf({
  subcommands,
  choices,
  options,
}: CommandEntry): readonly (readonly [string, string])[] {
  return [
    ...subcommands.map(({ path, description }) => [path.at(-1) ?? "", description] as const),
    ...choices.map((choice) => [choice, ""] as const),
    ...options.map(({ long, description }) => [long, description] as const),
  ];
}
