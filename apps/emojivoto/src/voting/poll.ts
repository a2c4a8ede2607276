import { listedEmoji, voteRpcs } from "../gen/catalogue.ts";
import { rpcCode } from "../grpc/rpc-status.ts";

/** One emoji's place on the board. */
interface Standing {
  readonly shortcode: string;
  /** At least 1. */
  readonly votes: number;
}

/** The ballot box. */
export interface Poll {
  /** Casts one vote for the emoji of RPC `number` and returns its gRPC status code; only 0 was counted. */
  cast(number: number): number;
  /** Emoji with a vote, most votes first, ties in list order (`:relaxed:`, which is not listed, last). */
  standings(): readonly Standing[];
}

interface Choice {
  readonly shortcode: string;
  /** Place in the list, for ties. */
  readonly place: number;
}

/** The emoji that the first version refuses. */
const DOUGHNUT = ":doughnut:";

/** Creates an empty poll in memory. With `doughnutCounts: false` a doughnut vote gets UNKNOWN and is not counted. */
export function createPoll({ doughnutCounts }: { readonly doughnutCounts: boolean }): Poll {
  const choices = choicesByNumber();
  const refused = doughnutCounts
    ? undefined
    : voteRpcs.find(({ shortcode }) => shortcode === DOUGHNUT)?.number;
  const votes = new Float64Array(choices.length);
  return {
    cast: (number) => {
      const had = votes[number];
      if (had === undefined || choices[number] === undefined) return rpcCode.invalidArgument;
      if (number === refused) return rpcCode.unknown;
      votes[number] = had + 1;
      return rpcCode.ok;
    },
    standings: () =>
      choices
        .map((choice, number) => ({ ...choice, votes: votes[number] ?? 0 }))
        .filter((row): row is Choice & Standing => row.votes > 0)
        .sort((a, b) => b.votes - a.votes || a.place - b.place)
        .map((row) => ({ shortcode: row.shortcode, votes: row.votes })),
  };
}

/** Index is the RPC's number, from 1; index 0 is no choice. */
function choicesByNumber(): readonly (Choice | undefined)[] {
  const place = new Map(listedEmoji.map(({ shortcode }, index) => [shortcode, index]));
  const choices: (Choice | undefined)[] = [undefined];
  for (const { number, shortcode } of voteRpcs) {
    choices[number] = { shortcode, place: place.get(shortcode) ?? listedEmoji.length };
  }
  return choices;
}
