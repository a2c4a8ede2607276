import { equalBytes, toHex } from "@carrara/encoding";
import {
  createTreeHasher,
  encodeTlogProof,
  encodeVerifierKey,
  parseTlogProof,
  parseVerifierKey,
  type TlogProof,
  type VerifierKey,
  verifyInclusion,
} from "@carrara/transparency";
import { type BallotAnswer, outcome } from "./answer.ts";
import { assertLength } from "./ballot-fields.ts";
import { COMMITMENT_BYTES, entryOf } from "./commitment.ts";
import { BallotError } from "./error.ts";
import { readAs, readDocument } from "./json-document.ts";
import { pollOfLogKey } from "./log-key.ts";
import { isPollName, pollBytes } from "./poll-name.ts";
import { type Cosigner, type LogTrust, verifyCheckpoint } from "./verify-checkpoint.ts";

const TYPE = "carrara.ballot.receipt.v1";
const CODE = "RECEIPT_MALFORMED";
const MEMBERS = ["type", "poll", "commitment", "logKey", "proof"];
/** Longest receipt that is read, in characters: 2,000 are usual; 16 witnesses with long names need more. */
const MAX_CHARACTERS = 16 * 1024;

/** What a voter keeps: proves that the ballot with this code is in the tree, not what it says. */
export interface Receipt {
  readonly poll: string;
  /** The ballot's code, 32 bytes. */
  readonly commitment: Uint8Array;
  /** A claim until it is compared with an attested keys statement. */
  readonly logKey: VerifierKey;
  readonly proof: TlogProof;
}

/** What a receipt that was checked proves. */
export interface CheckedReceipt {
  readonly poll: string;
  /** Number of the ballot in the tree, from 0. */
  readonly index: number;
  /** Ballots in the tree of the checkpoint. */
  readonly size: number;
  /** Root of that tree. */
  readonly root: Uint8Array;
  readonly cosignedBy: readonly Cosigner[];
}

/** The receipt of a ballot that was counted; nothing is checked yet. */
export function createReceipt(p: {
  readonly poll: string;
  readonly commitment: Uint8Array;
  readonly logKey: VerifierKey;
  readonly answer: BallotAnswer;
}): Receipt {
  const { poll, commitment, logKey, answer } = p;
  if (answer.outcome !== outcome.counted) throw new TypeError("the ballot was not counted");
  pollBytes(poll);
  assertLength("commitment", commitment, COMMITMENT_BYTES);
  const { index, proof, checkpoint } = answer;
  return { poll, commitment, logKey, proof: { index, hashes: proof, checkpoint } };
}

/** A receipt as one line of JSON. Throws a TransparencyError when its checkpoint is none. */
export function encodeReceipt({ poll, commitment, logKey, proof }: Receipt): string {
  return JSON.stringify({
    type: TYPE,
    poll,
    commitment: toHex(commitment),
    logKey: encodeVerifierKey(logKey),
    proof: encodeTlogProof(proof),
  });
}

/** Parses a receipt strictly; nothing is verified. Throws `RECEIPT_MALFORMED`. */
export function parseReceipt(text: string): Receipt {
  const document = readDocument(text, {
    code: CODE,
    maxCharacters: MAX_CHARACTERS,
    members: MEMBERS,
    type: TYPE,
  });
  const poll = document.string("poll");
  if (!isPollName(poll)) throw document.fail("not the name of a poll");
  return {
    poll,
    commitment: document.hex("commitment", COMMITMENT_BYTES),
    logKey: readAs(CODE, () => parseVerifierKey(document.string("logKey"))),
    proof: readAs(CODE, () => parseTlogProof(document.string("proof"))),
  };
}

/**
 * Checks that the ballot is in the tree whose head the trusted log key signed. Throws
 * `RECEIPT_OTHER_LOG`, what {@link verifyCheckpoint} throws, and `PROOF_INVALID` of TransparencyError.
 */
export async function checkReceipt(receipt: Receipt, trust: LogTrust): Promise<CheckedReceipt> {
  const { poll, commitment, logKey, proof } = receipt;
  const sameKey =
    logKey.name === trust.logKey.name && equalBytes(logKey.publicKey, trust.logKey.publicKey);
  if (!sameKey || pollOfLogKey(trust.logKey) !== poll) {
    throw new BallotError("RECEIPT_OTHER_LOG", "receipt is of another log or poll");
  }
  const { size, root, cosignedBy } = await verifyCheckpoint(proof.checkpoint, trust);
  const leafHash = createTreeHasher().leaf(entryOf(commitment));
  verifyInclusion({ index: proof.index, size, leafHash, proof: proof.hashes, root });
  return { poll, index: proof.index, size, root, cosignedBy };
}
