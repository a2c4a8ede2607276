import type { JSX } from "preact";
import { type Board, type BoardRow, loadBoard } from "./api.ts";
import { emojiName } from "./emoji-name.ts";
import { LoadError } from "./load-error.tsx";
import { useLoaded } from "./use-loaded.ts";
import { ViewHeading } from "./view-heading.tsx";
import { ViewLink } from "./view-link.tsx";

/** The view `/leaderboard`. */
export function LeaderboardPage(): JSX.Element {
  const { state, retry } = useLoaded(loadBoard);
  return (
    <>
      <div class="headline" aria-hidden="true">
        🏆
      </div>
      <ViewHeading takesFocus>Leaderboard</ViewHeading>
      <p class="lead" role="status">
        {state.kind === "loading" && "Counting…"}
        {state.kind === "ready" && summary(state.value)}
      </p>
      <div class="actions">
        <ViewLink to="/">Vote on your favorite</ViewLink>
        <button type="button" class="pill outlined" onClick={retry}>
          Refresh
        </button>
      </div>
      {state.kind === "failed" && (
        <LoadError what="The leaderboard" error={state.error} onRetry={retry} />
      )}
      {state.kind === "ready" && <Standings rows={state.value.results} />}
    </>
  );
}

function summary({ total, results }: Board): string {
  if (total === 0) return "Nobody has voted yet. Be the first!";
  return `${votesText(total)} for ${results.length} emoji`;
}

function votesText(votes: number): string {
  return votes === 1 ? "1 vote" : `${votes.toLocaleString("en")} votes`;
}

function Standings({ rows }: { readonly rows: readonly BoardRow[] }): JSX.Element {
  return (
    <ol class="standings" aria-label="Emoji by votes">
      {rows.map((row, index) => (
        <li key={row.shortcode} class={index < 3 ? `place place-${index + 1}` : "place"}>
          <span class="glyph" aria-hidden="true" title={emojiName(row.shortcode)}>
            {row.unicode}
          </span>
          <span class="count" aria-hidden="true" title={votesText(row.votes)}>
            {row.votes.toLocaleString("en")}
          </span>
          <span class="hidden-text">
            {emojiName(row.shortcode)}: {votesText(row.votes)}
          </span>
        </li>
      ))}
    </ol>
  );
}
