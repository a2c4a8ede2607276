import { allEntries, type CommandEntry, wordsOf } from "./command-table.ts";
import { powershellQuoted } from "./quoting.ts";

/** A completion script for PowerShell 5 and later. */
export function powershellCompletion(table: CommandEntry): string {
  const rows = allEntries(table).map((entry) => {
    const words = wordsOf(entry).map(
      // An empty description is no tool tip: PowerShell refuses it.
      ([word, text]) => `@(${powershellQuoted(word)}, ${powershellQuoted(text || word)})`,
    );
    return `    ${powershellQuoted(entry.path.join(" "))} = @(${words.join(", ")})`;
  });
  return `# PowerShell completion for carrara; try it with: carrara completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName carrara -ScriptBlock {
  param($current, $ast, $cursor)
  $table = @{
${rows.join("\n")}
  }
  $path = ''
  foreach ($element in $ast.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursor) { break }
    $next = "$path $element".Trim()
    if ($table.ContainsKey($next)) { $path = $next }
  }
  $table[$path] | Where-Object { $_[0] -like "$current*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
  }
}
`;
}
