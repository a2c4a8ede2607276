import { ApiError } from "./api-error.ts";
import { type Emoji, isEmoji } from "./emoji.ts";
import { isRecord, loadJson } from "./request.ts";

/** A row of the leaderboard. */
export interface BoardRow extends Emoji {
  readonly votes: number;
}

/** State and rules of the poll. */
interface Poll {
  readonly state: "open" | "notOpen" | "closed";
  /** RFC 3339, null for no bound. */
  readonly opens: string | null;
  readonly closes: string | null;
  readonly revote: string;
  readonly interimResults: string;
}

/** The standings: most votes first, equal votes in list order. */
export interface Board {
  readonly results: readonly BoardRow[];
  /** Votes that count. */
  readonly total: number;
  /** Ballots that their voters replaced. */
  readonly superseded: number;
  /** Ballots in the ledger. */
  readonly treeSize: number;
  readonly poll: Poll;
}

const BOARD_PATH = "/api/v2/leaderboard";
/** The standings as server-sent events. */
export const BOARD_EVENTS_PATH = "/api/v2/leaderboard/events";

/** The standings of now. Rejects with `ApiError`. */
export async function loadBoard(): Promise<Board> {
  return boardOf(await loadJson(BOARD_PATH, isRecord));
}

/** The standings of an event's data. Throws `ApiError`. */
export function parseBoard(text: string): Board {
  try {
    return boardOf(JSON.parse(text));
  } catch {
    throw form();
  }
}

/** Whether results are withheld now. */
export function isHidden({ poll }: Board): boolean {
  return poll.interimResults === "hidden" && poll.state !== "closed";
}

function boardOf(value: unknown): Board {
  if (!isRecord(value) || !isRows(value["results"])) throw form();
  const { results } = value;
  return {
    results,
    total: countOf(value["total"]),
    superseded: countOf(value["superseded"]),
    treeSize: countOf(value["treeSize"]),
    poll: pollOf(value["poll"]),
  };
}

function isRows(value: unknown): value is readonly BoardRow[] {
  return Array.isArray(value) && value.every(isRow);
}

function isRow(value: unknown): value is BoardRow {
  return isRecord(value) && typeof value["votes"] === "number" && isEmoji(value);
}

function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function pollOf(value: unknown): Poll {
  const poll = isRecord(value) ? value : {};
  return {
    state: stateOf(poll["state"]),
    opens: textOf(poll["opens"]) ?? null,
    closes: textOf(poll["closes"]) ?? null,
    revote: textOf(poll["revote"]) ?? "unlimited",
    interimResults: textOf(poll["interimResults"]) ?? "shown",
  };
}

/** Servers may write the state in several words. */
function stateOf(value: unknown): Poll["state"] {
  const word = (textOf(value) ?? "open").toLowerCase().replace(/[^a-z]/g, "");
  if (word === "closed") return "closed";
  return word === "open" ? "open" : "notOpen";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function form(): ApiError {
  return new ApiError(200, "", "FORM");
}
