import { resolve } from "node:path";
import type { Command } from "commander";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../files.ts";

/** The option that says what choices are called. */
export interface ChoiceOptions {
  readonly choices?: string;
}

/** What a poll's choices are called, by number. */
export type ChoiceNames = ReadonlyMap<number, string>;

/** A ballot has 16 bits for the choice. */
const MAX_CHOICES = 65_535;
/** Visible ASCII, so that no name can look like another one. */
const NAME = /^[!-~]{1,64}$/;

/** Adds the option to a command. */
export function addChoicesOption(command: Command): Command {
  return command.option(
    "--choices <file>",
    'what choices are called: JSON, [{"n": 1, "shortcode": ":poop:"}, …]',
  );
}

/** The names in the option's file, none without it. Throws `FILE_UNREADABLE`, `CHOICES_INVALID`. */
export async function choiceNames(
  { io }: CommandContext,
  { choices }: ChoiceOptions,
): Promise<ChoiceNames> {
  if (choices === undefined) return new Map();
  return parseChoiceNames(await readText(resolve(io.cwd, choices)));
}

/** `choice 12`, and its name where one is known. */
export function choiceText(choice: number, names: ChoiceNames): string {
  const name = names.get(choice);
  return name === undefined ? `choice ${choice}` : `choice ${choice} (${name})`;
}

function parseChoiceNames(text: string): ChoiceNames {
  const list = parseJson(text);
  if (!Array.isArray(list) || list.length > MAX_CHOICES) throw invalid("it is no list of choices");
  const entries = list.filter((item) => !isNameless(item)).map(entryOf);
  const names = new Map(entries);
  if (names.size !== entries.length) throw invalid("a number is there twice");
  if (new Set(names.values()).size !== names.size) throw invalid("a name is there twice");
  return names;
}

/** The source's table has numbers that are no choices. */
function isNameless(item: unknown): boolean {
  return isRecord(item) && item.shortcode === null;
}

function entryOf(item: unknown): readonly [number, string] {
  const { n, shortcode } = isRecord(item) ? item : {};
  if (typeof n === "number" && Number.isInteger(n) && n >= 1 && n <= MAX_CHOICES) {
    if (typeof shortcode === "string" && NAME.test(shortcode)) return [n, shortcode];
  }
  throw invalid("a choice has no number n, or no shortcode of 1 to 64 visible ASCII characters");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<"n" | "shortcode", unknown>> {
  return typeof value === "object" && value !== null;
}

function invalid(why: string): CliError {
  return new CliError("CHOICES_INVALID", `names of choices: ${why}`);
}
