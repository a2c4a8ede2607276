import type { EvidenceFacts } from "@carrara/client/evidence";
import type { JSX } from "preact";
import { useWords } from "../i18n/language.tsx";
import type { PinComparison } from "../trust/manifest-pin.ts";
import { FactList, hex } from "./fact-list.tsx";

/** How the manifest in force compares with what the voter accepted; a change asks to be accepted. */
export function PinNotice({
  pin,
  facts,
  onAccept,
}: {
  readonly pin: PinComparison;
  readonly facts: EvidenceFacts;
  readonly onAccept: () => void;
}): JSX.Element | null {
  const { text, time } = useWords();
  if (facts.manifest === undefined) return null;
  if (pin.kind === "first") return <p>{text("pin.first")}</p>;
  const accepted = time(new Date(pin.pin.acceptedAt));
  if (pin.kind === "same") return <p>{text("pin.same", { time: accepted })}</p>;
  const hasWords = pin.sentences.length > 0;
  const hasReason = pin.isOtherRoot || pin.isOtherProgram || pin.otherAssurance !== undefined;
  return (
    <div class="notice warn changed" role="alert">
      <p class="strong">{text("pin.changed.title")}</p>
      <p>{text("pin.changed.text", { time: accepted })}</p>
      {pin.otherAssurance !== undefined && (
        <p>
          {text("pin.changed.assurance", { before: pin.pin.assurance, now: pin.otherAssurance })}
        </p>
      )}
      {pin.isOtherProgram && (
        <p>{text("pin.changed.program", { measurement: measurementOf(facts) })}</p>
      )}
      {pin.isOtherRoot && <p>{text("pin.changed.root")}</p>}
      {hasWords && (
        <ul class="changes" lang="en">
          {pin.sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {!hasWords && !hasReason && <p>{text("pin.changed.unknown")}</p>}
      {facts.manifest.fingerprint !== pin.pin.fingerprint && (
        <FactList
          facts={[
            ["pin.old", hex(pin.pin.fingerprint)],
            ["pin.new", hex(facts.manifest.fingerprint)],
          ]}
        />
      )}
      <button type="button" class="pill small" onClick={onAccept}>
        {text("pin.accept")}
      </button>
    </div>
  );
}

function measurementOf({ coordinator }: EvidenceFacts): string {
  if (coordinator === undefined || coordinator.assurance === "none") return "?";
  return coordinator.identity.uniqueId;
}
