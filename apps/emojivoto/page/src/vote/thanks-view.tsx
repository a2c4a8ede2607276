import type { JSX } from "preact";
import type { Emoji } from "../api/emoji.ts";
import { useWords } from "../i18n/language.tsx";
import { ReceiptCard } from "../receipts/receipt-card.tsx";
import { emojiName } from "../ui/emoji-name.ts";
import { ViewHeading } from "../ui/view-heading.tsx";
import { ViewLink } from "../ui/view-link.tsx";
import { ShareButton } from "./share-button.tsx";

/** Shown after a vote that was counted: the receipt, and where to go. */
export function ThanksView({
  emoji,
  receipt,
  isProven,
  onAgain,
}: {
  readonly emoji: Emoji;
  readonly receipt: string;
  /** False when the receipt does not prove the ballot that was shown. */
  readonly isProven: boolean;
  readonly onAgain: () => void;
}): JSX.Element {
  const { text } = useWords();
  return (
    <section class="card centred thanks">
      <ViewHeading takesFocus>{text("thanks.title")}</ViewHeading>
      <div class="headline picked" role="img" aria-label={emojiName(emoji.shortcode)}>
        {emoji.unicode}
      </div>
      {isProven ? (
        <p class="lead">{text("thanks.lead")}</p>
      ) : (
        <p class="notice bad" role="alert">
          {text("receipt.mismatch")}
        </p>
      )}
      <ReceiptCard text={receipt} />
      <div class="actions">
        <ViewLink to="/leaderboard">{text("thanks.board")}</ViewLink>
        <button type="button" class="pill outlined" onClick={onAgain}>
          {text("thanks.again")}
        </button>
        <ShareButton />
      </div>
    </section>
  );
}
