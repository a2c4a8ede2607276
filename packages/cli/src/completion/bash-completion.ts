import { allEntries, type CommandEntry, type OptionEntry, wordsOf } from "./command-table.ts";
import { posixQuoted } from "./quoting.ts";

/** A completion script for bash 4 and later. */
export function bashCompletion(table: CommandEntry): string {
  const entries = allEntries(table);
  const steps = entries
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `      ${posixQuoted(path.join(" "))}) path="$next" ;;`);
  const words = entries.map(
    (entry) => `    ${posixQuoted(entry.path.join(" "))}) words=${posixQuoted(wordList(entry))} ;;`,
  );
  const values = valueCases(entries).map((line) => `    ${line}`);
  return `# bash completion for carrara; try it with: source <(carrara completion bash)
_carrara() {
  local path="" next words="" i
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
${steps.join("\n")}
    esac
  done
  COMPREPLY=()
  case "$previous" in
${values.join("\n")}
  esac
  case "$path" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _carrara carrara
`;
}

function wordList(entry: CommandEntry): string {
  return wordsOf(entry)
    .map(([word]) => word)
    .join(" ");
}

/** An empty reply lets bash offer files. */
function valueCases(entries: readonly CommandEntry[]): readonly string[] {
  const cases = new Map<string, string>();
  for (const option of entries.flatMap(({ options }) => options)) {
    if (option.value === undefined) continue;
    for (const name of [option.long, option.short]) {
      if (name !== undefined) cases.set(name, `${name}) ${replyTo(option)}return ;;`);
    }
  }
  return [...cases.values()];
}

function replyTo({ value }: OptionEntry): string {
  if (value === undefined || typeof value === "string") return "";
  return `COMPREPLY=($(compgen -W ${posixQuoted(value.join(" "))} -- "$current")); `;
}
