import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ResultsRequestSchema, ResultsResponseSchema } from "../gen/emojivoto/v1/voting_pb.ts";
import type { GrpcChannel } from "../grpc/grpc-channel.ts";
import type { BoardRow } from "./board-document.ts";
import type { CatalogueCache } from "./catalogue.ts";
import { coalesce } from "./coalesce.ts";

const RESULTS_PATH = "/emojivoto.v1.VotingService/Results";

/** Creates a reader of the original's board, which asks for it anew: most votes first. It rejects with `RpcError`. */
export function createLeaderboard({
  catalogue,
  voting,
  deadlineMs,
}: {
  readonly catalogue: CatalogueCache;
  readonly voting: Pick<GrpcChannel, "unary">;
  readonly deadlineMs: number;
}): () => Promise<readonly BoardRow[]> {
  const request = toBinary(ResultsRequestSchema, create(ResultsRequestSchema));
  return coalesce(async () => {
    const { glyphs } = await catalogue.get();
    const answer = await voting.unary(RESULTS_PATH, request, deadlineMs);
    const { results } = fromBinary(ResultsResponseSchema, answer);
    // A shortcode outside the catalogue (`VoteRelaxed` can be called directly) has no place on the
    // board; in the original it broke the board for everybody.
    return results.flatMap(({ Shortcode: shortcode, Votes: votes }) => {
      const unicode = glyphs.get(shortcode);
      return unicode === undefined ? [] : [{ shortcode, unicode, votes }];
    });
  });
}
