import {
  choiceAt,
  holdsBallot,
  ID_BYTES,
  type LedgerBallot,
  RECORD_OFFSET,
  sameBytes,
} from "./core/ballot-record.ts";
import type { Candidates, OldBallot } from "./core/ledger-state.ts";
import { type ReadDeps, readOldRecord } from "./read-records.ts";

/** Looks up in closed volumes whether one has the ballot's id, and the latest with its pseudonym. */
export async function findOldBallots(
  deps: ReadDeps,
  ballot: LedgerBallot,
  { ids, pseudonyms }: Candidates,
): Promise<{ readonly id: OldBallot | undefined; readonly vote: OldBallot | undefined }> {
  const { ballotId, pseudonym } = ballot;
  return {
    id: await findFirst(deps, ballot, ids, (record) => sameBytes(record, 0, ballotId, 0, ID_BYTES)),
    vote: await findFirst(deps, ballot, pseudonyms, (record) =>
      sameBytes(record, RECORD_OFFSET.pseudonym, pseudonym, 0, ID_BYTES),
    ),
  };
}

async function findFirst(
  deps: ReadDeps,
  ballot: LedgerBallot,
  candidates: readonly number[],
  isIt: (record: Uint8Array) => boolean,
): Promise<OldBallot | undefined> {
  for (const index of candidates) {
    const record = await readOldRecord(deps, index);
    if (!isIt(record)) continue;
    return { index, choice: choiceAt(record, 0), same: holdsBallot(record, 0, ballot) };
  }
  return undefined;
}
