import type { PublicState } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import { voteRpcs } from "../gen/catalogue.ts";
import { goJson } from "./go-json.ts";

/** One row of the board. */
export interface BoardRow {
  readonly shortcode: string;
  readonly unicode: string;
  readonly votes: number;
}

/** `poll` of the board: its rules and where it stands. */
interface PollDocument {
  /** `not-open`, `open` or `closed`. */
  readonly state: string;
  readonly opens: string | null;
  readonly closes: string | null;
  readonly revote: string;
  readonly interimResults: "shown" | "hidden";
}

const SHORTCODES: ReadonlyMap<number, string> = new Map(
  voteRpcs.map(({ number, shortcode }) => [number, shortcode]),
);

/**
 * Rows of the board, most votes first, ties in list order. A shortcode outside the catalogue
 * (`VoteRelaxed` can be called directly) has no place on it; in the original it broke the board for everybody.
 */
function boardRowsOf(
  { standings }: Pick<PublicState, "standings">,
  glyphs: ReadonlyMap<string, string>,
): readonly BoardRow[] {
  const places = new Map([...glyphs.keys()].map((shortcode, place) => [shortcode, place]));
  return standings
    .flatMap(({ choice, votes }) => {
      const shortcode = SHORTCODES.get(choice) ?? "";
      const unicode = glyphs.get(shortcode);
      return unicode === undefined ? [] : [{ shortcode, unicode, votes: Number(votes) }];
    })
    .sort(
      (a, b) =>
        b.votes - a.votes || (places.get(a.shortcode) ?? 0) - (places.get(b.shortcode) ?? 0),
    );
}

/** The answer to `GET /api/v2/leaderboard`, one line. */
export function boardDocumentOf(state: PublicState, glyphs: ReadonlyMap<string, string>): Buffer {
  const document = {
    results: boardRowsOf(state, glyphs),
    total: Number(state.counted),
    superseded: Number(state.superseded),
    treeSize: Number(state.treeSize),
    poll: pollDocumentOf(state),
    accepting: state.accepting,
  };
  return Buffer.from(`${goJson(document)}\n`);
}

function pollDocumentOf({ poll }: PublicState): PollDocument {
  return {
    state: poll?.state || "closed",
    opens: poll?.opens || null,
    closes: poll?.closes || null,
    revote: poll?.revote ?? "unlimited",
    interimResults: poll?.interimHidden === true ? "hidden" : "shown",
  };
}
