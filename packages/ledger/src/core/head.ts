import { equalBytes } from "@carrara/encoding";
import { LedgerError } from "../error.ts";
import { type LedgerKeys, WRITER_BYTES } from "./ledger-keys.ts";
import { seal, TAG_BYTES, unseal } from "./sealed-box.ts";
import { HASH_BYTES } from "./tree-hash.ts";

const MAGIC = Buffer.from("CLH1");
const KEY_ID_BYTES = 16;
const OFFSET = { keyId: 4, writer: 20, counter: 36, body: 44 } as const;
const BODY = { size: 0, chain: 8 } as const;
const BODY_BYTES = BODY.chain + HASH_BYTES;
/** Bytes of one slot of a head. */
export const HEAD_SLOT_BYTES: number = OFFSET.body + BODY_BYTES + TAG_BYTES;

/** How far the ledger was when its latest group was acknowledged. */
export interface Head {
  readonly size: number;
  readonly chain: Uint8Array;
}

/** Seals one slot; a writer's counter never comes twice. */
export function sealHead(
  keys: LedgerKeys,
  writer: Uint8Array,
  counter: number,
  head: Head,
): Uint8Array {
  const plain = Buffer.alloc(BODY_BYTES);
  plain.writeUIntBE(head.size, BODY.size + 2, 6);
  plain.set(head.chain, BODY.chain);
  const slot = Buffer.alloc(HEAD_SLOT_BYTES);
  slot.set(MAGIC, 0);
  slot.set(keys.keyId, OFFSET.keyId);
  slot.set(writer, OFFSET.writer);
  slot.writeUIntBE(counter, OFFSET.counter + 2, 6);
  const aad = slot.subarray(0, OFFSET.body);
  const [ciphertext, tag] = seal(keys.sealingKey("head", writer), counter, aad, plain);
  slot.set(ciphertext, OFFSET.body);
  slot.set(tag, OFFSET.body + BODY_BYTES);
  return slot;
}

/** The newest head and where it was. */
export interface FoundHead {
  readonly head: Head;
  readonly slot: 0 | 1;
  /** Whether the other slot holds something that does not open: a power failure can tear it. */
  readonly otherTorn: boolean;
}

/**
 * The newest head of two slots, undefined when both are empty. Throws `LEDGER_KEY_WRONG` when all are
 * of another key or poll, `LEDGER_TAMPERED` when none opens.
 */
export function openHead(
  keys: LedgerKeys,
  slots: readonly [Uint8Array | undefined, Uint8Array | undefined],
): FoundHead | undefined {
  const [first, second] = slots.map((slot) => slot && openSlot(keys, slot));
  const written = slots.filter((slot) => slot !== undefined);
  if (written.length === 0) return undefined;
  const slot = (second?.size ?? -1) > (first?.size ?? -1) ? 1 : 0;
  const head = slot === 1 ? second : first;
  if (head !== undefined) {
    const other = slot === 1 ? 0 : 1;
    const otherTorn = slots[other] !== undefined && (slot === 1 ? first : second) === undefined;
    return { head, slot, otherTorn };
  }
  if (written.every((bytes) => isOfAnotherKey(keys, bytes))) {
    throw new LedgerError("LEDGER_KEY_WRONG", "the ledger was written with another key or poll");
  }
  throw new LedgerError("LEDGER_TAMPERED", "no slot of the ledger's head opens");
}

function isOfAnotherKey(keys: LedgerKeys, slot: Uint8Array): boolean {
  return (
    slot.length === HEAD_SLOT_BYTES &&
    equalBytes(slot.subarray(0, MAGIC.length), MAGIC) &&
    !equalBytes(slot.subarray(OFFSET.keyId, OFFSET.keyId + KEY_ID_BYTES), keys.keyId)
  );
}

function openSlot(keys: LedgerKeys, slot: Uint8Array): Head | undefined {
  if (slot.length !== HEAD_SLOT_BYTES || isOfAnotherKey(keys, slot)) return undefined;
  const view = Buffer.from(slot.buffer, slot.byteOffset, slot.length);
  const writer = view.subarray(OFFSET.writer, OFFSET.writer + WRITER_BYTES);
  const counter = view.readUIntBE(OFFSET.counter + 2, 6);
  const aad = view.subarray(0, OFFSET.body);
  const body = view.subarray(OFFSET.body);
  const opened = unseal(keys.sealingKey("head", writer), counter, aad, body);
  if (opened === undefined) return undefined;
  const plain = Buffer.from(opened.buffer, opened.byteOffset, opened.length);
  return {
    size: plain.readUIntBE(BODY.size + 2, 6),
    chain: plain.subarray(BODY.chain, BODY.chain + HASH_BYTES),
  };
}
