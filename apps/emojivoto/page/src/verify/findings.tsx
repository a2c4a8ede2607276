import { type EvidenceFinding, fillSentence } from "@carrara/client/evidence";
import type { JSX } from "preact";
import { findingsDe } from "../i18n/findings-de.ts";
import { useWords, type Words } from "../i18n/language.tsx";
import { Mark } from "../ui/mark.tsx";

/** What was found, in plain words; a refusal with its code. */
export function Findings({
  findings,
}: {
  readonly findings: readonly EvidenceFinding[];
}): JSX.Element {
  const words = useWords();
  return (
    <ul class="findings">
      {findings.map((finding) => (
        <li key={finding.id} class={finding.verdict}>
          <Mark verdict={finding.verdict} />
          <span>
            {sentenceOf(finding, words)}
            {finding.refusal !== undefined && (
              <span class="refusal" lang="en">
                <code>{finding.refusal.code}</code> {finding.refusal.message}
              </span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

function sentenceOf({ id, sentence, values }: EvidenceFinding, words: Words): string {
  const shown = forPeople(values, words);
  if (words.language === "de") return fillSentence(findingsDe[id], shown);
  return id === "updates.some" || id === "checkpoint.signed"
    ? sentence.replace(values["time"] ?? values["size"] ?? "", shown["time"] ?? shown["size"] ?? "")
    : sentence;
}

/** Times and large numbers as the reader writes them. */
function forPeople(
  values: EvidenceFinding["values"],
  { time, number }: Words,
): EvidenceFinding["values"] {
  const at = values["time"];
  const size = values["size"];
  return {
    ...values,
    ...(at === undefined ? {} : { time: time(new Date(at)) }),
    ...(size === undefined ? {} : { size: number(Number(size)) }),
  };
}
