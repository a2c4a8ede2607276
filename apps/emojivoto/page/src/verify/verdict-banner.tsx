import type { EvidenceReport } from "@carrara/client/evidence";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";

const CLASSES = {
  hardware: "notice good",
  simulation: "notice warn",
  unproven: "notice warn",
  refused: "notice bad",
} as const;

/** The verdict in one sentence, and what it means. */
export function VerdictBanner({
  verdict,
}: {
  readonly verdict: EvidenceReport["verdict"];
}): JSX.Element {
  const { text } = useWords();
  return (
    <div class={`${CLASSES[verdict]} verdict`}>
      <p class="strong">{text(`verify.verdict.${verdict}`)}</p>
      <p>{text(`verify.verdict.${verdict}.text`)}</p>
    </div>
  );
}
