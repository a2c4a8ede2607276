import { hash } from "node:crypto";
import { COMMITMENT_BYTES, RECORD_BYTES, RECORD_OFFSET } from "./ballot-record.ts";

/** Version byte of an entry. */
export const ENTRY_VERSION = 0x01;
/** Bytes of an entry: version and commitment. */
export const ENTRY_BYTES: number = 1 + COMMITMENT_BYTES;

const LEAF_PREFIX = 0x00;
const input: Uint8Array = new Uint8Array(1 + ENTRY_BYTES);
input[0] = LEAF_PREFIX;
input[1] = ENTRY_VERSION;

/** Leaf hash of the record at `offset` (RFC 9162, 2.1.1). */
function leafHashAt(records: Uint8Array, offset: number): Uint8Array {
  const start = offset + RECORD_OFFSET.commitment;
  input.set(records.subarray(start, start + COMMITMENT_BYTES), 2);
  return hash("sha256", input, "buffer");
}

/** Leaf hashes of whole records. */
export function leafHashesOf(records: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < records.length; at += RECORD_BYTES) leaves.push(leafHashAt(records, at));
  return leaves;
}
