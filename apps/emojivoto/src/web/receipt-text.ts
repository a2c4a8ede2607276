import type { AnswerBatch, VoteReceipt } from "../ballot/answer-batch.ts";

/** What the receipts of one batch share, each part encoded once. */
export interface ReceiptGroup {
  /** The file `receipt.json` of one vote (docs/design/ballot.md), as it is sent. */
  textOf(receipt: VoteReceipt): string;
}

/** The poll in the name of a log key. */
const POLL_OF_LOG_KEY = /^carrara\.ballot\/([a-z0-9.-]{1,64})\//;

const NOT_ASCII = /[\u0080-\uffff]/g;

/** A newline inside a JSON string. */
const NEWLINE = "\\n";

/** Arranges the shared parts of a batch's receipts. */
export function createReceiptGroup(
  answer: Pick<AnswerBatch, "checkpoint" | "hashes" | "logKey">,
): ReceiptGroup {
  const poll = POLL_OF_LOG_KEY.exec(answer.logKey)?.[1] ?? "";
  const head = `{"type":"carrara.ballot.receipt.v1","poll":"${poll}","commitment":"`;
  const middle = `","logKey":${JSON.stringify(answer.logKey)},"proof":"c2sp.org/tlog-proof@v1${NEWLINE}index `;
  const end = `${NEWLINE}${NEWLINE}${asciiJson(answer.checkpoint)}"}\n`;
  const lines = answer.hashes.map((hash) => `${NEWLINE}${bufferOf(hash).toString("base64")}`);
  return {
    textOf: ({ commitment, index, proof }) => {
      let hashes = "";
      for (let i = 0; i < proof.length; i++) hashes += lines[proof[i] ?? 0] ?? "";
      return `${head}${bufferOf(commitment).toString("hex")}${middle}${index}${hashes}${end}`;
    },
  };
}

/**
 * `text` inside a JSON string, in ASCII: signature lines of notes begin with a dash that is not. Through
 * bytes, or V8 would go on storing it, and every receipt that it is joined to, in two bytes a character.
 */
function asciiJson(text: string): string {
  const ascii = JSON.stringify(text)
    .slice(1, -1)
    .replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return Buffer.from(ascii, "latin1").toString("latin1");
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
