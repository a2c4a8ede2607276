import type { JSX } from "preact";
import type { Emoji } from "./api.ts";
import { emojiName } from "./emoji-name.ts";
import { ViewHeading } from "./view-heading.tsx";
import { ViewLink } from "./view-link.tsx";

/** Shown after a vote that was counted. */
export function ThanksView({
  emoji,
  onAgain,
}: {
  readonly emoji: Emoji;
  readonly onAgain: () => void;
}): JSX.Element {
  return (
    <section class="thanks">
      <ViewHeading takesFocus>You picked</ViewHeading>
      <div class="headline picked" role="img" aria-label={emojiName(emoji.shortcode)}>
        {emoji.unicode}
      </div>
      <p class="lead">Your vote was counted. See how you compare to others</p>
      <div class="actions">
        <ViewLink to="/leaderboard">View the leaderboard</ViewLink>
        <button type="button" class="pill outlined" onClick={onAgain}>
          Pick another one
        </button>
      </div>
    </section>
  );
}
