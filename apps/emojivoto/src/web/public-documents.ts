import type { PublicState } from "../gen/carrara/ballot/v1/ballot_pb.ts";
import { type ReadyAnswer, readyPublicAnswer } from "./answers.ts";
import { boardDocumentOf } from "./board-document.ts";
import type { CatalogueCache } from "./catalogue.ts";
import { goJson } from "./go-json.ts";
import type { StateFeed } from "./state-feed.ts";

/** What the voting service publishes, as it is sent; each encoded once a state. */
export interface PublicDocuments {
  /** The board, if state and catalogue are at hand: for the fast path and the event stream. */
  peekBoard(): ReadyAnswer | undefined;
  /** The same, but waits for them. Rejects with `RpcError`, as all others do. */
  board(): Promise<ReadyAnswer>;
  keys(): Promise<ReadyAnswer>;
  /** The latest published checkpoint. */
  checkpoint(): Promise<ReadyAnswer>;
  /** The signed tally; undefined while results are hidden. */
  tally(): Promise<ReadyAnswer | undefined>;
}

/** Creates the documents of `feed`. */
export function createPublicDocuments({
  feed,
  catalogue,
}: {
  readonly feed: StateFeed;
  readonly catalogue: CatalogueCache;
}): PublicDocuments {
  const boardOf = rememberTwo((state: PublicState, glyphs: ReadonlyMap<string, string>) =>
    readyPublicAnswer("json", boardDocumentOf(state, glyphs)),
  );
  const keysOf = rememberTwo((state: PublicState) =>
    readyPublicAnswer("json", Buffer.from(`${goJson({ keys: signedKeysOf(state) })}\n`)),
  );
  return {
    peekBoard: () => {
      const state = feed.current();
      const known = catalogue.peek();
      return state && known && boardOf(state, known.glyphs);
    },
    board: async () => {
      const { glyphs } = await catalogue.get();
      return boardOf(await feed.get(), glyphs);
    },
    keys: async () => keysOf(await feed.get(), undefined),
    checkpoint: async () => readyPublicAnswer("text", Buffer.from((await feed.get()).checkpoint)),
    tally: async () => {
      const { tally } = await feed.get();
      return tally === "" ? undefined : readyPublicAnswer("text", Buffer.from(tally));
    },
  };
}

/** The keys statements of a state in JSON's members. */
export function signedKeysOf({ keys }: Pick<PublicState, "keys">): readonly {
  readonly statement: string;
  readonly signature: string;
  readonly chain: string;
}[] {
  return keys.map(({ statement, signature, chain }) => ({ statement, signature, chain }));
}

/** Keeps the latest result; arguments are compared by identity. */
function rememberTwo<A, B, R>(make: (a: A, b: B) => R): (a: A, b: B) => R {
  let kept: { readonly a: A; readonly b: B; readonly result: R } | undefined;
  return (a, b) => {
    if (kept?.a !== a || kept.b !== b) kept = { a, b, result: make(a, b) };
    return kept.result;
  };
}
