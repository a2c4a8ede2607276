import type { AttestedCoordinator, UnattestedCoordinator } from "../attest-coordinator.ts";
import type { EvidenceBundle } from "./evidence-bundle.ts";
import { type EvidenceFinding, isCodedError, refusalOf } from "./evidence-finding.ts";

/** Runs a check; a refusal becomes the finding `id`, and the result undefined. */
export type Check = <T>(id: EvidenceFinding["id"], run: () => Promise<T>) => Promise<T | undefined>;

/** A verification that has come past the Coordinator. */
export interface Verification {
  readonly bundle: EvidenceBundle;
  readonly coordinator: AttestedCoordinator | UnattestedCoordinator;
  readonly now: Date;
  /** Type of the marble that counts votes. */
  readonly marbleType: string;
  readonly check: Check;
  /** Adds a finding. */
  readonly note: (finding: EvidenceFinding) => void;
}

/** Creates a check that notes refusals of our packages; anything else is thrown on. */
export function createCheck(note: (finding: EvidenceFinding) => void): Check {
  return async (id, run) => {
    try {
      return await run();
    } catch (error) {
      if (!isCodedError(error)) throw error;
      note(refusalOf(error.code === "BALLOT_KEYS_DISAGREE" ? "keys.disagree" : id, error));
      return undefined;
    }
  };
}
