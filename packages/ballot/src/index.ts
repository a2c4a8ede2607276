export {
  ANSWER_BYTES,
  type BallotAnswer,
  decodeAnswer,
  encodeAnswer,
  type Outcome,
  outcome,
} from "./answer.ts";
export { encodeAuditFile, parseAuditFile } from "./audit-file.ts";
export { type Audited, type AuditReport, auditLog } from "./audit-log.ts";
export {
  BALLOT_BYTES,
  BALLOT_ID_BYTES,
  type BallotFields,
  createBallot,
  decodeBallot,
  encodeBallot,
  MAX_CHOICE,
  OPENING_BYTES,
  PSEUDONYM_BYTES,
} from "./ballot-fields.ts";
export {
  COMMITMENT_BYTES,
  type Committed,
  commitmentOf,
  createCommitter,
  ENTRY_BYTES,
  entryOf,
} from "./commitment.ts";
export { BallotError, type BallotErrorCode } from "./error.ts";
export { KEY_ID_BYTES, keyIdOf, PUBLIC_KEY_BYTES } from "./hpke-key.ts";
export {
  encodeKeysStatement,
  type KeysStatement,
  keysStatementMessage,
  parseKeysStatement,
} from "./keys-statement.ts";
export { logKeyOf, logOriginOf, pollOfLogKey } from "./log-key.ts";
export { checkOpening, encodeOpening, type Opening, parseOpening } from "./opening.ts";
export { isPollName } from "./poll-name.ts";
export {
  type InterimResults,
  type PollRules,
  parseUtcTime,
  type RevoteRule,
} from "./poll-rules.ts";
export {
  type CheckedReceipt,
  checkReceipt,
  createReceipt,
  encodeReceipt,
  parseReceipt,
  type Receipt,
} from "./receipt.ts";
export {
  ANSWER_EXPORT_LABEL,
  ANSWER_KEY_BYTES,
  ANSWER_NONCE_BYTES,
  ballotInfo,
  SEALED_ANSWER_BYTES,
  SEALED_BALLOT_BYTES,
  type SealedBallot,
  sealBallot,
} from "./seal-ballot.ts";
export {
  encodeSignedKeysList,
  type KeysTrust,
  parseSignedKeysList,
  type SignedKeys,
  verifySignedKeys,
} from "./signed-keys.ts";
export { type ChoiceVotes, encodeTally, parseTally, type Tally, verifyTally } from "./tally.ts";
export {
  type Cosigner,
  type LogTrust,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from "./verify-checkpoint.ts";
