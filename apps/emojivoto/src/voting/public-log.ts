import { type Ledger, LedgerError } from "@carrara/ledger";
import { encodeTlogProof, parseTilePath, TransparencyError } from "@carrara/transparency";
import type { PublicLog } from "../ballot/ballot-service.ts";
import { RpcError, rpcCode } from "../grpc/rpc-status.ts";
import type { Publication } from "./publisher.ts";

/** Creates the reads of the log. Proofs lead to what was published last. */
export function createPublicLog({
  ledger,
  published,
}: {
  readonly ledger: Pick<Ledger, "consistency" | "entries" | "proof" | "tile">;
  readonly published: () => Publication;
}): PublicLog {
  return {
    proof: async (index) => {
      const { size, checkpoint } = published();
      const hashes = await orNotFound(ledger.proof(index, size));
      return encodeTlogProof({ index, hashes, checkpoint });
    },
    consistency: async (from, to) => await orNotFound(ledger.consistency(from, to)),
    tile: async (path) => {
      const { level, index, width } = tileOf(path);
      return await orNotFound(
        level === "entries" ? ledger.entries(index, width) : ledger.tile(level, index, width),
      );
    },
  };
}

function tileOf(path: string): ReturnType<typeof parseTilePath> {
  try {
    return parseTilePath(`tile/${path}`);
  } catch (error) {
    if (!(error instanceof TransparencyError)) throw error;
    throw notFound();
  }
}

async function orNotFound<T>(read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof LedgerError && error.code === "LEDGER_INDEX_UNKNOWN") throw notFound();
    throw error;
  }
}

function notFound(): RpcError {
  return new RpcError(rpcCode.notFound, "the log has no such thing");
}
