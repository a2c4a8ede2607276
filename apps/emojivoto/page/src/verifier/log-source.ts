import { parseEvidenceBundle } from "@carrara/client/evidence";
import { ApiError } from "../api/api-error.ts";
import { createBallotRoutes } from "../api/ballot-routes.ts";
import type { LogSource } from "../receipts/check-voter-receipt.ts";
import { wait } from "../ui/wait.ts";

/** The ledger of today: of the poll at `origin`, or, from a file, the one moment that the evidence is of. */
export function logSourceOf(origin: string | undefined, bundle: string): LogSource {
  if (origin !== undefined) return { ...createBallotRoutes(origin), wait, isLive: true };
  return {
    async checkpoint() {
      const { checkpoint } = parseEvidenceBundle(bundle);
      if (checkpoint === undefined) throw new ApiError(0, "", "UNREACHABLE");
      return checkpoint;
    },
    async consistency() {
      throw new ApiError(0, "", "UNREACHABLE");
    },
    wait,
    isLive: false,
  };
}
