import { ApiError } from "./api-error.ts";
import { errorOf, isRecord, loadJson, loadText, send } from "./request.ts";

/** The routes of `docs/design/ballot.md` that a page uses, of one poll. */
export interface BallotRoutes {
  /** The evidence bundle as text. */
  evidence(): Promise<string>;
  /** Sends a sealed ballot; resolves with the sealed answer. */
  cast(sealed: Uint8Array): Promise<Uint8Array>;
  /** The newest published checkpoint, a signed note. */
  checkpoint(): Promise<string>;
  /** The signed tally. */
  tally(): Promise<string>;
  /** Hashes in base64 that show that the tree of `to` ballots continues the one of `from`. */
  consistency(from: number, to: number): Promise<readonly string[]>;
}

/** Creates the routes of the poll at `origin`, which is empty for the page's own. Each rejects with `ApiError`. */
export function createBallotRoutes(origin = ""): BallotRoutes {
  const url = (path: string): string => `${origin}/api/v2/${path}`;
  return {
    evidence: async () => await loadText(url("evidence")),
    checkpoint: async () => await loadText(url("ballot/checkpoint")),
    tally: async () => await loadText(url("ballot/tally")),
    async cast(sealed) {
      const response = await send(url("ballot"), {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: Uint8Array.from(sealed),
      });
      if (!response.ok) throw await errorOf(response);
      return await bytesOf(response);
    },
    async consistency(from, to) {
      const path = url(`ballot/consistency?from=${from}&to=${to}`);
      const { hashes } = await loadJson(path, isConsistency);
      return hashes;
    },
  };
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw new ApiError(0, "", "UNREACHABLE");
  }
}

function isConsistency(value: unknown): value is { readonly hashes: readonly string[] } {
  if (!isRecord(value)) return false;
  const { hashes } = value;
  return Array.isArray(hashes) && hashes.every((hash) => typeof hash === "string");
}
