import type { JSX } from "preact";
import { type Emoji, loadEmoji } from "./api.ts";
import { emojiName } from "./emoji-name.ts";
import { LoadError } from "./load-error.tsx";
import { useLoaded } from "./use-loaded.ts";
import { ViewHeading } from "./view-heading.tsx";
import { ViewLink } from "./view-link.tsx";

/** The ballot: the emoji as buttons. While a vote is on its way no other can be cast. */
export function BallotView({
  busyWith,
  returned,
  onChoose,
}: {
  readonly busyWith: string | undefined;
  readonly returned: boolean;
  readonly onChoose: (emoji: Emoji) => void;
}): JSX.Element {
  const { state, retry } = useLoaded(loadEmoji);
  return (
    <>
      <div class="headline" aria-hidden="true">
        🗳
      </div>
      <ViewHeading takesFocus={returned}>Emoji Vote</ViewHeading>
      <p class="lead">Tap your favorite emoji below</p>
      <ViewLink to="/leaderboard">View the leaderboard</ViewLink>
      <p class="status" role="status">
        {busyWith !== undefined && "Casting your vote…"}
        {state.kind === "loading" && "Loading the emoji…"}
      </p>
      {state.kind === "failed" && (
        <LoadError what="The list of emoji" error={state.error} onRetry={retry} />
      )}
      {state.kind === "ready" && (
        <ul class="tiles" aria-label="Emoji to vote for">
          {state.value.map((emoji) => (
            <li key={emoji.shortcode}>
              <Tile emoji={emoji} busyWith={busyWith} onChoose={onChoose} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Tile({
  emoji,
  busyWith,
  onChoose,
}: {
  readonly emoji: Emoji;
  readonly busyWith: string | undefined;
  readonly onChoose: (emoji: Emoji) => void;
}): JSX.Element {
  const name = emojiName(emoji.shortcode);
  const isBusy = busyWith !== undefined;
  return (
    <button
      type="button"
      class={busyWith === emoji.shortcode ? "tile casting" : "tile"}
      aria-label={`Vote for ${name}`}
      title={name}
      aria-disabled={isBusy}
      onClick={() => {
        if (!isBusy) onChoose(emoji);
      }}
    >
      <span aria-hidden="true">{emoji.unicode}</span>
    </button>
  );
}
