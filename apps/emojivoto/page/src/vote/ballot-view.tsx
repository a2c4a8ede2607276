import type { JSX } from "preact";
import type { Emoji } from "../api/emoji.ts";
import type { PreparedBallot } from "../ballot/prepare-ballot.ts";
import { useWords } from "../i18n/language.tsx";
import { useTrust } from "../trust/trust.tsx";
import { CodeText } from "../ui/code-text.tsx";
import { emojiName } from "../ui/emoji-name.ts";
import { ViewHeading } from "../ui/view-heading.tsx";
import { ViewLink } from "../ui/view-link.tsx";

/** The sealed ballot: its code, and the choice between casting and auditing it. */
export function BallotView({
  emoji,
  ballot,
  isBusy,
  isQuick,
  onQuick,
  onCast,
  onAudit,
  onBack,
}: {
  readonly emoji: Emoji;
  /** Undefined while it is being sealed. */
  readonly ballot: PreparedBallot | undefined;
  readonly isBusy: boolean;
  readonly isQuick: boolean;
  readonly onQuick: (quick: boolean) => void;
  readonly onCast: (emoji: Emoji, ballot: PreparedBallot) => void;
  readonly onAudit: (emoji: Emoji, ballot: PreparedBallot) => void;
  readonly onBack: () => void;
}): JSX.Element {
  const { text } = useWords();
  const isWaiting = ballot === undefined || isBusy;
  return (
    <section class="card centred ballot">
      <ViewHeading takesFocus>{text("ballot.title")}</ViewHeading>
      <div class="headline picked" role="img" aria-label={emojiName(emoji.shortcode)}>
        {emoji.unicode}
      </div>
      <SealState ballot={ballot} isBusy={isBusy} />
      <ChangeWarning />
      <div class="actions">
        <button
          type="button"
          class="pill"
          aria-disabled={isWaiting}
          onClick={() => ballot !== undefined && onCast(emoji, ballot)}
        >
          {text("ballot.cast")}
        </button>
        <button
          type="button"
          class="pill outlined"
          aria-disabled={isWaiting}
          onClick={() => !isBusy && ballot !== undefined && onAudit(emoji, ballot)}
        >
          {text("ballot.audit")}
        </button>
        <button type="button" class="link-button" onClick={() => !isBusy && onBack()}>
          {text("ballot.back")}
        </button>
      </div>
      <div class="well code-box">
        <h2>{text("ballot.code")}</h2>
        {ballot === undefined ? <p class="quiet">…</p> : <CodeText hex={ballot.code} />}
        <p class="quiet">{text("ballot.code.hint")}</p>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={isQuick}
          onChange={(event) => onQuick(event.currentTarget.checked)}
        />
        {text("ballot.skip")}
      </label>
    </section>
  );
}

function SealState({
  ballot,
  isBusy,
}: {
  readonly ballot: PreparedBallot | undefined;
  readonly isBusy: boolean;
}): JSX.Element {
  const { text } = useWords();
  const { trust } = useTrust();
  const verdict = trust.kind === "verified" ? trust.evidence.report.verdict : "refused";
  const sealed = verdict === "simulation" ? "ballot.sealed.simulation" : "ballot.sealed";
  return (
    <p class="lead" role="status">
      {text(isBusy ? "vote.casting" : ballot === undefined ? "ballot.sealing" : sealed)}
    </p>
  );
}

/** The voter has not accepted the manifest in force yet. */
function ChangeWarning(): JSX.Element | null {
  const { text } = useWords();
  const { trust } = useTrust();
  if (trust.kind !== "verified" || trust.pin.kind !== "changed") return null;
  return (
    <p class="notice warn">
      {text("ballot.changed")}{" "}
      <ViewLink to="/verify" class="">
        {text("ballot.changed.link")}
      </ViewLink>
    </p>
  );
}
