import {
  type KeysStatement,
  type Tally,
  type VerifiedCheckpoint,
  verifyCheckpoint,
  verifySignedKeys,
  verifyTally,
} from "@carrara/ballot";
import { equalBytes } from "@carrara/encoding";
import type { Checkpoint, VerifierKey } from "@carrara/transparency";
import { ClientError } from "../error.ts";
import type { EvidenceBundle } from "./evidence-bundle.ts";

/** A checkpoint that the attested log key signed. */
export interface SignedCheckpoint extends VerifiedCheckpoint {
  /** The signed note. */
  readonly note: string;
}

/**
 * The statements of all voting replicas, signed by marbles of `marbleType` under the mesh CA. Throws
 * BallotError, and `BALLOT_KEYS_DISAGREE` unless poll, log key, rules and witnesses are the same.
 */
export async function verifyAllKeys(
  bundle: Pick<EvidenceBundle, "ballotKeys">,
  trust: { readonly intermediatePem: string; readonly now: Date; readonly marbleType: string },
): Promise<readonly KeysStatement[]> {
  const statements: KeysStatement[] = [];
  for (const signed of bundle.ballotKeys) statements.push(await verifySignedKeys(signed, trust));
  if (new Set(statements.map(sharedPart)).size > 1) {
    throw new ClientError(
      "BALLOT_KEYS_DISAGREE",
      `${statements.length} voting services state different polls, log keys, rules or witnesses`,
    );
  }
  return statements;
}

/** What all replicas of one poll have to say alike. */
function sharedPart({ poll, logKey, rules, witnesses }: KeysStatement): string {
  const keys = [logKey, ...witnesses].map(({ name, publicKey }) => [name, ...publicKey]);
  return JSON.stringify([poll, keys, rules]);
}

/** Checks the log's signature, and whose witnesses' cosignatures there are. Throws as `verifyCheckpoint`. */
export async function verifySignedCheckpoint(
  note: string,
  logKey: VerifierKey,
  witnesses: readonly VerifierKey[],
): Promise<SignedCheckpoint> {
  // How many witnesses are enough is for whoever reads the finding.
  return { ...(await verifyCheckpoint(note, { logKey, witnesses, threshold: 0 })), note };
}

/** Checks a tally, and that a checkpoint of the same size has the same root. Throws BallotError, `TALLY_OTHER_ROOT`. */
export async function verifySignedTally(
  note: string,
  logKey: VerifierKey,
  checkpoint: Checkpoint | undefined,
): Promise<Tally> {
  const tally = await verifyTally(note, logKey);
  if (checkpoint?.size === tally.size && !equalBytes(checkpoint.root, tally.root)) {
    throw new ClientError(
      "TALLY_OTHER_ROOT",
      `tally and checkpoint name different ledgers of ${tally.size} ballots`,
    );
  }
  return tally;
}
