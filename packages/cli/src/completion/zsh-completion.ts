import { allEntries, type CommandEntry, wordsOf } from "./command-table.ts";
import { posixQuoted } from "./quoting.ts";

/** A completion script for zsh. */
export function zshCompletion(table: CommandEntry): string {
  const entries = allEntries(table);
  const steps = entries
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `      ${posixQuoted(path.join(" "))}) line="$next" ;;`);
  const words = entries.map(
    (entry) => `    ${posixQuoted(entry.path.join(" "))}) offers=(${described(entry)}) ;;`,
  );
  const values = [...new Set(entries.flatMap(valuePatterns))].map((line) => `    ${line}`);
  return `#compdef carrara
# zsh completion for carrara; try it with: source <(carrara completion zsh)
_carrara() {
  local line="" next word
  local -a offers
  for word in \${words[2,CURRENT-1]}; do
    next="\${line:+$line }$word"
    case "$next" in
${steps.join("\n")}
    esac
  done
  case "\${words[CURRENT-1]}" in
${values.join("\n")}
  esac
  case "$line" in
${words.join("\n")}
  esac
  _describe -t commands carrara offers
  _files
}
if [[ "\${funcstack[1]}" == _carrara ]]; then _carrara "$@"; else compdef _carrara carrara; fi
`;
}

/** In `_describe` a colon separates word and description. */
function described(entry: CommandEntry): string {
  return wordsOf(entry)
    .map(([word, text]) =>
      posixQuoted(`${word.replaceAll(":", "\\:")}:${text.replaceAll(":", "\\:")}`),
    )
    .join(" ");
}

function valuePatterns({ options }: CommandEntry): readonly string[] {
  return options.flatMap(({ long, short, value }) => {
    if (value === undefined) return [];
    const reply = typeof value === "string" ? "_files" : `compadd -- ${value.join(" ")}`;
    return [`${[long, short].filter((name) => name !== undefined).join("|")}) ${reply}; return ;;`];
  });
}
