import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, asApiError } from "../api/api-error.ts";
import { BOARD_EVENTS_PATH, type Board, loadBoard, parseBoard } from "../api/board.ts";

/** How the standings reach this page now. */
export type BoardLink = "connecting" | "live" | "polling" | "stale";

/** The standings, kept current. */
export interface LiveBoard {
  /** Undefined until the first answer. */
  readonly board: Board | undefined;
  readonly link: BoardLink;
  /** Why there is nothing to show. */
  readonly error: ApiError | undefined;
  readonly retry: () => void;
}

/** Between two questions where events do not arrive, in ms. */
const POLL_EVERY_MS = 4_000;
/** Events that fail this often in a row are given up for polling; the browser tries a few times itself. */
const MAX_FAILURES = 3;

/** Follows the standings: by events, by polling where those do not come. */
export function useBoard(): LiveBoard {
  const [board, setBoard] = useState<Board>();
  const [link, setLink] = useState<BoardLink>("connecting");
  const [error, setError] = useState<ApiError>();
  const [attempt, setAttempt] = useState(0);
  const known = useRef(false);
  useEffect(() => {
    const ended = new AbortController();
    const take = (next: Board, by: BoardLink): void => {
      if (ended.signal.aborted) return;
      known.current = true;
      setBoard(next);
      setLink(by);
      setError(undefined);
    };
    const poll = async (): Promise<void> => {
      try {
        take(await loadBoard(), "polling");
      } catch (cause) {
        if (ended.signal.aborted) return;
        if (known.current) setLink("stale");
        else setError(asApiError(cause));
      }
    };
    follow({
      signal: ended.signal,
      onBoard: (next) => take(next, "live"),
      onGone: () => {
        if (ended.signal.aborted) return;
        void poll();
        const timer = setInterval(() => void poll(), POLL_EVERY_MS);
        ended.signal.addEventListener("abort", () => clearInterval(timer));
      },
      onTrouble: () => {
        if (known.current) setLink("stale");
        else void poll();
      },
    });
    return () => ended.abort();
  }, [attempt]);

  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  return { board, link, error, retry };
}

/** Listens to the events until `signal`, or until they fail too often. */
function follow({
  signal,
  onBoard,
  onGone,
  onTrouble,
}: {
  readonly signal: AbortSignal;
  readonly onBoard: (board: Board) => void;
  readonly onGone: () => void;
  readonly onTrouble: () => void;
}): void {
  const events = new EventSource(BOARD_EVENTS_PATH);
  let failures = 0;
  const give = (): void => {
    events.close();
    onGone();
  };
  events.addEventListener("board", (event: MessageEvent<string>) => {
    failures = 0;
    try {
      onBoard(parseBoard(event.data));
    } catch {
      give();
    }
  });
  // The voting service is gone; the next `board` says that it is back.
  events.addEventListener("away", () => {
    failures = 0;
    onTrouble();
  });
  events.addEventListener("error", () => {
    failures += 1;
    // A server without this route closes for good; the browser reconnects otherwise.
    if (events.readyState === EventSource.CLOSED || failures >= MAX_FAILURES) give();
    else onTrouble();
  });
  signal.addEventListener("abort", () => events.close());
}
