import { allEntries, type CommandEntry, type OptionEntry } from "./command-table.ts";
import { fishQuoted } from "./quoting.ts";

/** A completion script for fish 3 and later. */
export function fishCompletion(table: CommandEntry): string {
  const entries = allEntries(table);
  const paths = entries
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => fishQuoted(path.join(" ")));
  return `# fish completion for carrara; try it with: carrara completion fish | source
function __carrara_path
    set -l path ''
    for word in (commandline -opc)[2..-1]
        set -l next (string trim -- "$path $word")
        contains -- "$next" ${paths.join(" ")}; and set path $next
    end
    test "$path" = "$argv[1]"
end
${entries.flatMap(linesOf).join("\n")}
`;
}

function linesOf(entry: CommandEntry): readonly string[] {
  const here = `complete -c carrara -n ${fishQuoted(`__carrara_path ${fishQuoted(entry.path.join(" "))}`)}`;
  const only = entry.subcommands.length > 0 ? " -f" : "";
  return [
    ...entry.subcommands.map(
      ({ path, description }) =>
        `${here}${only} -a ${fishQuoted(path.at(-1) ?? "")} -d ${fishQuoted(description)}`,
    ),
    ...entry.choices.map((choice) => `${here} -f -a ${fishQuoted(choice)}`),
    ...entry.options.map((option) => `${here} ${optionWords(option)}`),
  ];
}

function optionWords({ long, short, description, value }: OptionEntry): string {
  const names = [`-l ${long.slice(2)}`, ...(short === undefined ? [] : [`-s ${short.slice(1)}`])];
  return [...names, ...valueWords(value), `-d ${fishQuoted(description)}`].join(" ");
}

function valueWords(value: OptionEntry["value"]): readonly string[] {
  if (value === undefined) return [];
  if (value === "file") return ["-r", "-F"];
  return value === "text" ? ["-x"] : ["-x", `-a ${fishQuoted(value.join(" "))}`];
}
