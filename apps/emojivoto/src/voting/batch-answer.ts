import { type BallotAnswer, encodeAnswer, outcome } from "@carrara/ballot";
import {
  type Appended,
  type CommittedGroup,
  type Ledger,
  type LedgerCheckpoint,
  LedgerError,
} from "@carrara/ledger";
import type { AnswerBatch, VoteReceipt } from "../ballot/answer-batch.ts";
import type { CastBatch } from "../ballot/cast-batch.ts";
import { castStatus } from "../ballot/cast-status.ts";
import type { Stored } from "./ballot-box.ts";
import type { Pending } from "./pending-ballot.ts";

/** What an answer is made of. */
export interface BatchOutcome {
  readonly batch: CastBatch;
  /** Entries of the batch: its votes, then its ballots. */
  readonly pending: readonly Pending[];
  /** What the ledger said to those with a ballot, in order. */
  readonly stored: readonly Stored[];
  readonly ledger: Ledger;
  readonly logKey: string;
  /** Whether the ledger refuses ballots now. */
  readonly failing: boolean;
}

type Counted = Extract<Appended, { readonly index: number }>;

/** Answers every entry of a batch; receipts share one checkpoint and each hash once. */
export async function answerBatchOf(outcomeOfBatch: BatchOutcome): Promise<AnswerBatch> {
  const { batch, pending, stored, ledger, logKey, failing } = outcomeOfBatch;
  const head = latestHead(stored, ledger);
  const statuses = new Uint8Array(pending.length);
  const receipts: VoteReceipt[] = [];
  const hashes = createHashTable(head.group);
  const answers: Uint8Array[] = [];
  let next = 0;
  for (let position = 0; position < pending.length; position++) {
    const { ballot, refusal, reply, status } = pending[position] as Pending;
    const said = ballot === undefined ? undefined : stored[next++];
    if (said instanceof LedgerError || (failing && reply !== undefined)) {
      statuses[position] = castStatus.ledgerUnavailable;
      continue;
    }
    const counted = said !== undefined && "index" in said ? said : undefined;
    if (reply !== undefined) {
      const answer = await sealedAnswerOf(said, refusal, head, ledger);
      answers.push(reply.sealAnswer(encodeAnswer(answer)));
    } else {
      statuses[position] = said?.kind === "idReused" ? castStatus.idReused : status;
      if (counted !== undefined && ballot !== undefined && batch.votes[position]?.wantsReceipt) {
        const proof =
          hashes.ofGroup(counted, head) ?? hashes.add(await proofOf(counted, head, ledger));
        receipts.push({ position, index: counted.index, commitment: ballot.commitment, proof });
      }
    }
    if (reply !== undefined) statuses[position] = status;
  }
  const some = receipts.length > 0;
  return {
    id: batch.id,
    statuses,
    receipts,
    hashes: hashes.all,
    checkpoint: some ? head.checkpoint.note : "",
    answers,
    logKey: some ? logKey : "",
  };
}

/** The tree that all receipts of a batch lead to, and the group that made it, if it is one of the batch's. */
interface Head {
  readonly checkpoint: LedgerCheckpoint;
  readonly group: CommittedGroup | undefined;
}

function latestHead(stored: readonly Stored[], ledger: Ledger): Head {
  let group: CommittedGroup | undefined;
  for (const one of stored) {
    const own = !(one instanceof LedgerError) && "group" in one ? one.group : undefined;
    if (own !== undefined && own.checkpoint.size > (group?.checkpoint.size ?? 0)) group = own;
  }
  return { group, checkpoint: group?.checkpoint ?? ledger.checkpoint() };
}

async function sealedAnswerOf(
  said: Appended | undefined,
  refusal: BallotAnswer["outcome"] | undefined,
  head: Head,
  ledger: Ledger,
): Promise<BallotAnswer> {
  if (said !== undefined && "index" in said) {
    const proof = await proofOf(said, head, ledger);
    const { note } = head.checkpoint;
    return { outcome: outcome.counted, index: said.index, proof, checkpoint: note };
  }
  const other = said === undefined ? refusal : outcome[said.kind];
  return { outcome: other ?? outcome.refused, index: 0, proof: [], checkpoint: "" };
}

async function proofOf(
  { group, index }: Counted,
  head: Head,
  ledger: Ledger,
): Promise<readonly Uint8Array[]> {
  // Of an earlier group, of this batch or long ago: its own proof would lead to another tree.
  if (group === undefined || group !== head.group) {
    return await ledger.proof(index, head.checkpoint.size);
  }
  return group.proofOf(index);
}

const HASH_BYTES = 32;

/** The hashes of a batch's receipts. */
interface HashTable {
  readonly all: Uint8Array[];
  /** Numbers of a ballot's proof from the head's own group; undefined for one of another. */
  ofGroup(counted: Counted, head: Head): readonly number[] | undefined;
  /** Adds a proof and gives its numbers. */
  add(proof: readonly Uint8Array[]): readonly number[];
}

function createHashTable(group: CommittedGroup | undefined): HashTable {
  const all: Uint8Array[] = [];
  const numbers = new Map<number, number>();
  const numberOf = (at: number): number => {
    const known = numbers.get(at);
    if (known !== undefined) return known;
    numbers.set(at, all.length);
    const start = at * HASH_BYTES;
    return all.push((group as CommittedGroup).hashes.subarray(start, start + HASH_BYTES)) - 1;
  };
  return {
    all,
    ofGroup: (counted, head) => {
      if (group === undefined || counted.group !== head.group) return undefined;
      return group.pathOf(counted.index).map(numberOf);
    },
    add: (proof) => proof.map((hash) => all.push(hash) - 1),
  };
}
