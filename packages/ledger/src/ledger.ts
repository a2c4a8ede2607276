import type { VerifierKey } from "@carrara/transparency";
import type { LedgerBallot } from "./core/ballot-record.ts";
import type { CommittedGroup, LedgerCheckpoint } from "./core/committed-group.ts";
import type { LedgerError, LedgerErrorCode } from "./error.ts";

/** What became of a ballot. */
export type Appended =
  | {
      /** Counted, and durable. */
      readonly kind: "appended";
      readonly index: number;
      readonly group: CommittedGroup;
    }
  | {
      /** The same ballot was counted before, under this index. */
      readonly kind: "known";
      readonly index: number;
      /** Its group, where it is this very one; else ask {@link Ledger.proof}. */
      readonly group: CommittedGroup | undefined;
    }
  /** Another ballot has this id. */
  | { readonly kind: "idReused" }
  /** The pseudonym has voted, and the rule is `once`. */
  | { readonly kind: "alreadyVoted" };

/** Takes the outcome of one ballot; called once, and after the group is durable. It must not throw. */
export type Settle = (outcome: Appended | LedgerError) => void;

/** Whether ballots are taken. */
export type LedgerStatus =
  | { readonly kind: "writable" }
  | { readonly kind: "readOnly"; readonly code: LedgerErrorCode; readonly reason: string };

/** An append-only log of ballots and its count. */
export interface Ledger {
  /** Durable ballots: the size of the tree. */
  readonly size: number;
  /** Ballots that a later one of the same pseudonym took back. */
  readonly superseded: number;
  /** The key that signs checkpoints and tallies. */
  readonly logKey: VerifierKey;
  /**
   * Hands in a ballot; `settle` hears of it after its group is durable. Nothing is thrown: a ballot
   * that was not counted gives `LEDGER_BALLOT_INVALID`, `LEDGER_WRITE_FAILED`, `LEDGER_READ_ONLY`,
   * `LEDGER_BUSY` or `LEDGER_CLOSED`. After `LEDGER_WRITE_FAILED` it may be counted all the same when
   * the ledger opens again: hand it in again under its id.
   */
  submit(ballot: LedgerBallot, settle: Settle): void;
  /** {@link submit} as a promise, which rejects with what was not counted. */
  append(ballot: LedgerBallot): Promise<Appended>;
  /** Votes by choice number, as a copy up to the highest choice with votes. */
  tallies(): Float64Array;
  /** The latest durable head, signed. */
  checkpoint(): LedgerCheckpoint;
  /** A signed tally over {@link checkpoint}. */
  tallyNote(): string;
  /** Inclusion proof of ballot `index` in the tree of `size` leaves. Throws `LEDGER_INDEX_UNKNOWN`. */
  proof(index: number, size?: number): Promise<readonly Uint8Array[]>;
  /** Proof that the tree of `from` leaves begins that of `to`. Throws `LEDGER_INDEX_UNKNOWN`. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[]>;
  /** Hashes of a tile (C2SP tlog-tiles), the first `width` of it. Throws `LEDGER_INDEX_UNKNOWN`. */
  tile(level: number, index: number, width: number): Promise<Uint8Array>;
  /** An entry bundle, as above: for each entry u16be length and its bytes. */
  entries(index: number, width: number): Promise<Uint8Array>;
  /** Calls back after each durable group, also of other replicas; returns how to stop. */
  onCommit(listener: (checkpoint: LedgerCheckpoint) => void): () => void;
  status(): LedgerStatus;
  /** Reads what other replicas appended; nothing to do for a ledger in files. */
  refresh(): Promise<void>;
  /** Finishes the groups under way and lets the store go; may be called twice. */
  close(): Promise<void>;
}
