import { equalBytes } from "@carrara/encoding";
import { verifyConsistency } from "@carrara/transparency";
import { BallotError } from "./error.ts";
import { type Tally, verifyTally } from "./tally.ts";
import { type LogTrust, type VerifiedCheckpoint, verifyCheckpoint } from "./verify-checkpoint.ts";

/** What is audited: two moments of one log, and its result. */
export interface Audited {
  /** Signed note of an earlier checkpoint. */
  readonly older?: string;
  /** Signed note of the latest checkpoint. */
  readonly newer: string;
  /** Consistency proof from the older to the newer; none needed where sizes are equal. */
  readonly consistency?: readonly Uint8Array[];
  /** Signed note of a tally over one of the two trees. */
  readonly tally?: string;
}

/** What an audit found to be true. */
export interface AuditReport {
  /** The earlier checkpoint, of which the newer one is a continuation. */
  readonly older?: VerifiedCheckpoint;
  readonly newer: VerifiedCheckpoint;
  /** It adds up, and counts exactly the ballots of one of the trees. */
  readonly tally?: Tally;
}

/**
 * Audits a log offline: signatures, nothing removed or changed between two checkpoints, and a tally
 * that adds up over one of their trees. Witnesses are asked for the newer one. Throws `LOG_SHRANK`,
 * `LOG_FORKED`, `TALLY_OTHER_TREE`, and what its parts throw.
 */
export async function auditLog(p: Audited & LogTrust): Promise<AuditReport> {
  const { older: olderNote, newer: newerNote, consistency = [], tally: tallyNote, logKey } = p;
  const newer = await verifyCheckpoint(newerNote, p);
  const older = olderNote === undefined ? undefined : await verifyCheckpoint(olderNote, { logKey });
  if (older !== undefined) assertGrown(older, newer, consistency);
  const tally = tallyNote === undefined ? undefined : await verifyTally(tallyNote, logKey);
  if (tally !== undefined) assertCounted(tally, older, newer);
  return {
    newer,
    ...(older !== undefined && { older }),
    ...(tally !== undefined && { tally }),
  };
}

function assertGrown(
  older: VerifiedCheckpoint,
  newer: VerifiedCheckpoint,
  proof: readonly Uint8Array[],
): void {
  if (older.size > newer.size) {
    throw new BallotError("LOG_SHRANK", `log had ${older.size} ballots and has ${newer.size} now`);
  }
  if (older.size === newer.size) assertSameRoot(older, newer);
  const roots = { fromRoot: older.root, toRoot: newer.root };
  verifyConsistency({ from: older.size, to: newer.size, ...roots, proof });
}

function assertCounted(
  tally: Tally,
  older: VerifiedCheckpoint | undefined,
  newer: VerifiedCheckpoint,
): void {
  const tree = [newer, older].find((checkpoint) => checkpoint?.size === tally.size);
  if (tree !== undefined) {
    assertSameRoot(tally, tree);
    return;
  }
  const sizes = older === undefined ? newer.size : `${older.size} or ${newer.size}`;
  throw new BallotError("TALLY_OTHER_TREE", `tally is over ${tally.size} ballots, not ${sizes}`);
}

interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Two roots for one size, both signed: two voters were shown two boards. */
function assertSameRoot(one: Tree, other: Tree): void {
  if (equalBytes(one.root, other.root)) return;
  throw new BallotError("LOG_FORKED", `two trees of ${one.size} ballots were signed`);
}
