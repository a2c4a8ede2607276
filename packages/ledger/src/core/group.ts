import { hash } from "node:crypto";
import { concatBytes, equalBytes, utf8 } from "@carrara/encoding";
import { LedgerError } from "../error.ts";
import { RECORD_BYTES } from "./ballot-record.ts";
import { type LedgerKeys, WRITER_BYTES } from "./ledger-keys.ts";
import { seal, TAG_BYTES, unseal } from "./sealed-box.ts";
import { HASH_BYTES } from "./tree-hash.ts";

/** Most ballots in one group: what is read, hashed and decrypted at once stays small. */
export const MAX_GROUP_BALLOTS = 1024;
/** Counters and indexes below this fit what Node reads and writes as one number. */
const MAX_NUMBER = 2 ** 48;

const MAGIC = Buffer.from("CLG1");
const OFFSET = { length: 4, writer: 8, counter: 24, first: 32, count: 40, chain: 44 } as const;
/** Bytes before the sealed records. */
const GROUP_HEADER_BYTES: number = OFFSET.chain + HASH_BYTES;
/** Bytes of the largest group. */
export const MAX_GROUP_BYTES: number =
  GROUP_HEADER_BYTES + MAX_GROUP_BALLOTS * RECORD_BYTES + TAG_BYTES;

/** The clear part of a group; nothing in it says anything about a ballot. */
export interface GroupHeader {
  readonly writer: Uint8Array;
  readonly counter: number;
  readonly firstIndex: number;
  readonly count: number;
  /** Chain value of everything before. */
  readonly previous: Uint8Array;
}

/** A parsed header and how many bytes its group has in all. */
export interface ParsedHeader extends GroupHeader {
  readonly groupBytes: number;
}

/** The chain value of an empty ledger. */
export function firstChain(poll: string): Uint8Array {
  const label = concatBytes(utf8("carrara ledger v1"), new Uint8Array(1), utf8(poll));
  return hash("sha256", label, "buffer");
}

/** The chain value after `group`, which itself names the one before. */
export function chainAfter(group: Uint8Array): Uint8Array {
  return hash("sha256", group, "buffer");
}

/** Seals records (whole, 68 bytes each) into a group. */
export function sealGroup(keys: LedgerKeys, header: GroupHeader, records: Uint8Array): Uint8Array {
  const total = GROUP_HEADER_BYTES + records.length + TAG_BYTES;
  const group = Buffer.allocUnsafe(total);
  group.set(MAGIC, 0);
  group.writeUInt32BE(records.length + TAG_BYTES, OFFSET.length);
  group.set(header.writer, OFFSET.writer);
  writeNumber(group, header.counter, OFFSET.counter);
  writeNumber(group, header.firstIndex, OFFSET.first);
  group.writeUInt32BE(header.count, OFFSET.count);
  group.set(header.previous, OFFSET.chain);
  const key = keys.sealingKey("group", header.writer);
  const aad = group.subarray(0, GROUP_HEADER_BYTES);
  const [ciphertext, tag] = seal(key, header.counter, aad, records);
  group.set(ciphertext, GROUP_HEADER_BYTES);
  group.set(tag, total - TAG_BYTES);
  return group;
}

/**
 * The header of the group that starts at `offset`, or undefined when no whole group starts there.
 * Nothing of it is authenticated yet; fields are views.
 */
export function parseGroupHeader(bytes: Uint8Array, offset: number = 0): ParsedHeader | undefined {
  if (bytes.length - offset < GROUP_HEADER_BYTES) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset);
  if (!equalBytes(view.subarray(0, MAGIC.length), MAGIC)) return undefined;
  const count = view.readUInt32BE(OFFSET.count);
  const body = view.readUInt32BE(OFFSET.length);
  const counter = readNumber(view, OFFSET.counter);
  const firstIndex = readNumber(view, OFFSET.first);
  if (count === 0 || count > MAX_GROUP_BALLOTS) return undefined;
  if (body !== count * RECORD_BYTES + TAG_BYTES) return undefined;
  if (counter === undefined || firstIndex === undefined) return undefined;
  return {
    writer: view.subarray(OFFSET.writer, OFFSET.writer + WRITER_BYTES),
    counter,
    firstIndex,
    count,
    previous: view.subarray(OFFSET.chain, GROUP_HEADER_BYTES),
    groupBytes: GROUP_HEADER_BYTES + body,
  };
}

/** The records of a whole group. Throws `LEDGER_TAMPERED` when it is not as it was written. */
export function openGroup(
  keys: LedgerKeys,
  group: Uint8Array,
): { readonly header: GroupHeader; readonly records: Uint8Array } {
  const header = parseGroupHeader(group);
  if (header === undefined || header.groupBytes !== group.length) {
    throw new LedgerError("LEDGER_TAMPERED", "bytes that are no group");
  }
  const key = keys.sealingKey("group", header.writer);
  const aad = group.subarray(0, GROUP_HEADER_BYTES);
  const records = unseal(key, header.counter, aad, group.subarray(GROUP_HEADER_BYTES));
  if (records === undefined) {
    const { firstIndex, count } = header;
    throw new LedgerError(
      "LEDGER_TAMPERED",
      `the group of ${count} ballots from index ${firstIndex} does not open`,
    );
  }
  return { header, records };
}

function writeNumber(target: Buffer, value: number, offset: number): void {
  target.writeUInt16BE(0, offset);
  target.writeUIntBE(value, offset + 2, 6);
}

function readNumber(bytes: Buffer, offset: number): number | undefined {
  const value = bytes.readUIntBE(offset + 2, 6);
  return bytes.readUInt16BE(offset) === 0 && value < MAX_NUMBER ? value : undefined;
}
