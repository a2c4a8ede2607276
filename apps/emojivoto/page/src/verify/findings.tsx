import { type EvidenceFinding, FINDING_SENTENCES, fillSentence } from "@carrara/client/evidence";
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

function sentenceOf({ id, values }: EvidenceFinding, words: Words): string {
  const sentences = words.language === "de" ? findingsDe : FINDING_SENTENCES;
  return fillSentence(sentences[id], forPeople(values, words));
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
