import { listedEmoji, voteRpcs } from "../gen/catalogue.ts";

/** What may be chosen. */
export interface Choices {
  /** Whether `number` is the number of an emoji's RPC. */
  has(number: number): boolean;
  /** Whether this version of the service refuses it. */
  isRefused(number: number): boolean;
  /** Choices by number with their votes, most votes first, ties in list order (`:relaxed:`, which is not listed, last). */
  standings(votes: ArrayLike<number>): readonly Standing[];
}

/** One emoji's place on the board. */
export interface Standing {
  readonly number: number;
  readonly shortcode: string;
  /** At least 1. */
  readonly votes: number;
}

/** The emoji that the first version refuses. */
const DOUGHNUT = ":doughnut:";

/** Creates the choices of a version: with `doughnutCounts: false` the doughnut is refused. */
export function createChoices({ doughnutCounts }: { readonly doughnutCounts: boolean }): Choices {
  const place = new Map(listedEmoji.map(({ shortcode }, index) => [shortcode, index]));
  const all = voteRpcs.map(({ number, shortcode }) => ({
    number,
    shortcode,
    place: place.get(shortcode) ?? listedEmoji.length,
  }));
  const numbers = new Set(all.map(({ number }) => number));
  const refused = doughnutCounts
    ? undefined
    : all.find(({ shortcode }) => shortcode === DOUGHNUT)?.number;
  return {
    has: (number) => numbers.has(number),
    isRefused: (number) => number === refused,
    standings: (votes) =>
      all
        .map((choice) => ({ ...choice, votes: votes[choice.number] ?? 0 }))
        .filter((row) => row.votes > 0)
        .sort((a, b) => b.votes - a.votes || a.place - b.place)
        .map(({ number, shortcode, votes: count }) => ({ number, shortcode, votes: count })),
  };
}
