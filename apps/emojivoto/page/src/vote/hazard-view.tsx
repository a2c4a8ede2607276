import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { ApiError, Emoji } from "./api.ts";
import { emojiName } from "./emoji-name.ts";
import { ViewHeading } from "./view-heading.tsx";

/** The emoji that the first version of the voting service refuses. */
const DOUGHNUT = ":doughnut:";

/** Shown after a vote that failed, with the status that the server really gave. */
export function HazardView({
  emoji,
  error,
  onAgain,
}: {
  readonly emoji: Emoji;
  readonly error: ApiError;
  readonly onAgain: () => void;
}): JSX.Element {
  useEffect(() => {
    document.documentElement.classList.add("hazard");
    return () => {
      document.documentElement.classList.remove("hazard");
    };
  }, []);
  const isDoughnutStory = emoji.shortcode === DOUGHNUT && error.status === 500;
  return (
    <section class="failed">
      <ViewHeading takesFocus>{error.status > 0 ? error.status : "Offline"}</ViewHeading>
      <div class="headline" aria-hidden="true">
        🚧
      </div>
      {isDoughnutStory ? <DoughnutStory /> : <Reason emoji={emoji} error={error} />}
      <div class="actions">
        <button type="button" class="pill" onClick={onAgain}>
          Select again
        </button>
      </div>
    </section>
  );
}

function DoughnutStory(): JSX.Element {
  return (
    <>
      <p class="lead">
        Voting for <span aria-hidden="true">🍩</span> doughnut always fails in this version, on
        purpose. Your vote was not counted.
      </p>
      <p class="note">
        It is the bug of this demo’s story: the owner of the mesh permits the next version of the
        voting service, and then the doughnut counts. Nothing is wrong with the mesh or your
        connection.
      </p>
    </>
  );
}

function Reason({
  emoji,
  error,
}: {
  readonly emoji: Emoji;
  readonly error: ApiError;
}): JSX.Element {
  // Without an answer nobody on this side knows whether the vote arrived.
  const isUncertain = error.status === 0 || error.status >= 502;
  return (
    <>
      <p class="lead">Your vote for {emojiName(emoji.shortcode)} could not be processed.</p>
      <p class="note">
        {error.message}.{" "}
        {isUncertain
          ? "It may or may not have been counted; look at the leaderboard before you vote again."
          : "It was not counted."}
      </p>
    </>
  );
}
