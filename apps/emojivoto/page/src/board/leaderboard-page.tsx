import type { JSX } from "preact";
import { type Board, isHidden } from "../api/board.ts";
import { useWords, type Words } from "../i18n/language.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { ViewHeading } from "../ui/view-heading.tsx";
import { ViewLink } from "../ui/view-link.tsx";
import { Standings } from "./standings.tsx";
import { TallyCheck } from "./tally-check.tsx";
import { type BoardLink, useBoard } from "./use-board.ts";

/** The view `/leaderboard`. */
export function LeaderboardPage(): JSX.Element {
  const words = useWords();
  const { text } = words;
  const { board, link, error, retry } = useBoard();
  return (
    <section class="card board">
      <div class="centred">
        <div class="headline" aria-hidden="true">
          🏆
        </div>
        <ViewHeading takesFocus>{text("board.title")}</ViewHeading>
        {error === undefined && (
          <p class="lead">{board === undefined ? text("board.counting") : summary(board, words)}</p>
        )}
        {board !== undefined && (
          <p class="board-state">
            <Link link={link} />
            <span>{pollText(board, words)}</span>
          </p>
        )}
      </div>
      {error !== undefined && <LoadError what={text("board.what")} error={error} onRetry={retry} />}
      {board !== undefined && !isHidden(board) && (
        <>
          <Standings rows={board.results} total={board.total} />
          {board.superseded > 0 && (
            <p class="quiet centred">{words.count("board.superseded", board.superseded)}</p>
          )}
          <TallyCheck board={board} />
        </>
      )}
      <div class="actions">
        <ViewLink to="/">{text("board.vote")}</ViewLink>
      </div>
    </section>
  );
}

function Link({ link }: { readonly link: BoardLink }): JSX.Element | null {
  const { text } = useWords();
  if (link === "connecting") return null;
  return (
    <span class={`live ${link}`} role="status">
      <span class="dot" aria-hidden="true" />
      {text(`board.${link}`)}
    </span>
  );
}

function summary(board: Board, { text, count, number }: Words): string {
  if (isHidden(board)) {
    return `${text("board.hidden")} ${count("board.hidden.size", board.treeSize)}`;
  }
  if (board.total === 0) return text("board.empty");
  return text("board.summary", {
    votes: count("board.votes", board.total),
    emoji: number(board.results.length),
  });
}

function pollText({ poll }: Board, { text, time }: Words): string {
  switch (poll.state) {
    case "closed":
      return text("poll.closed");
    case "notOpen":
      return poll.opens === null
        ? text("poll.notOpen.unknown")
        : text("poll.notOpen", { time: time(new Date(poll.opens)) });
    case "open":
      return poll.closes === null
        ? text("poll.open")
        : text("poll.open.until", { time: time(new Date(poll.closes)) });
  }
}
