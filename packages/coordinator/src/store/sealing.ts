import { createHash, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { concatBytes, equalBytes, utf8 } from "@carrara/encoding";
import { CoordinatorError } from "../error.ts";
import {
  AEAD_KEY_BYTES,
  AEAD_OVERHEAD_BYTES,
  decryptAead as decrypt,
  encryptAead as encrypt,
} from "./aead.ts";
import type { SealedState } from "./state-store.ts";

/** Which enclaves can unseal: the same signer and product, or this exact build. */
export type SealPolicy = "product" | "unique";

/** What every version of this Coordinator begins a key with; one character for the format follows. */
const NAME = utf8("CARRARA");
const FORMAT = "2";
const MAGIC = concatBytes(NAME, utf8(FORMAT));
const WITNESS_MAGIC = utf8("CARRARAV");
const POLICIES: readonly SealPolicy[] = ["product", "unique"];
const BINDING_BYTES = 32;
const NUMBER_BYTES = 8;
const HEADER_BYTES = MAGIC.length + 1;
const SLOT_BYTES = HEADER_BYTES + AEAD_KEY_BYTES + AEAD_OVERHEAD_BYTES;
/** Most recovery data, in bytes: hashes of 255 secrets and their punctuation. */
const MAX_RECOVERY_BYTES = 32 * 1024;

/** A data key as `sealed_key` carries it. */
export interface KeySlot {
  readonly policy: SealPolicy;
  readonly dataKey: Uint8Array;
  /** Header and encrypted data key; the same in every commit. */
  readonly bytes: Uint8Array;
}

/** Encrypts a data key under the sealing key of this enclave. */
export function sealDataKey(
  dataKey: Uint8Array,
  policy: SealPolicy,
  sealingKey: Uint8Array,
): KeySlot {
  const header = concatBytes(MAGIC, new Uint8Array([POLICIES.indexOf(policy)]));
  return { policy, dataKey, bytes: concatBytes(header, encrypt(sealingKey, dataKey, header)) };
}

/** The policy a `sealed_key` file names, or undefined when it is none of ours. */
export function policyOfKeyFile(file: Uint8Array): SealPolicy | undefined {
  if (file.length !== SLOT_BYTES + BINDING_BYTES) return undefined;
  if (!equalBytes(file.subarray(0, MAGIC.length), MAGIC)) return undefined;
  return POLICIES[file[MAGIC.length] ?? 0xff];
}

/** The format of a `sealed_key` file that another version of this Coordinator wrote, if it is one. */
export function foreignFormatOf(file: Uint8Array): string | undefined {
  const byte = file[NAME.length];
  if (byte === undefined || !equalBytes(file.subarray(0, NAME.length), NAME)) return undefined;
  const format = String.fromCharCode(byte);
  return /^[0-9A-Za-z]$/.test(format) && format !== FORMAT ? format : undefined;
}

/** Opens the data key of a `sealed_key` file, or undefined when `sealingKey` is not its own. */
export function openDataKey(file: Uint8Array, sealingKey: Uint8Array): KeySlot | undefined {
  const policy = policyOfKeyFile(file);
  if (policy === undefined) return undefined;
  const bytes = file.subarray(0, SLOT_BYTES);
  const header = bytes.subarray(0, HEADER_BYTES);
  const dataKey = decrypt(sealingKey, bytes.subarray(HEADER_BYTES), header);
  return dataKey === undefined ? undefined : { policy, dataKey, bytes };
}

/** What ties `sealed_key` to one `sealed_data`: an older key beside newer data does not fit. */
function bindingOf(dataKey: Uint8Array, data: Uint8Array): Uint8Array {
  const key = new Uint8Array(hkdfSync("sha256", dataKey, "", "carrara sealed_data binding", 32));
  return createHmac("sha256", key).update(createHash("sha256").update(data).digest()).digest();
}

/** Whether a `sealed_key` file was written together with `data`. */
export function isBoundTo(file: Uint8Array, slot: KeySlot, data: Uint8Array): boolean {
  const binding = file.subarray(SLOT_BYTES);
  return (
    binding.length === BINDING_BYTES && timingSafeEqual(binding, bindingOf(slot.dataKey, data))
  );
}

/** A state as it is sealed: its encoding and the number of the commit that wrote it. */
export interface NumberedState {
  /** Rises with each commit; below 2^53. */
  readonly number: number;
  readonly plain: Uint8Array;
}

/** Everything a commit writes. */
export interface SealInput extends NumberedState {
  readonly slot: KeySlot;
  readonly recoveryData: Uint8Array;
  /** What `slot` was sealed under; the witness is too. */
  readonly wrappingKey: Uint8Array;
}

/** Seals a state: `recoveryData` stays readable but cannot be changed either. */
export function sealState(input: SealInput): SealedState {
  const { slot, recoveryData, wrappingKey, number, plain } = input;
  const prefix = concatBytes(lengthBytes(recoveryData.length), recoveryData);
  const numbered = concatBytes(numberBytes(number), plain);
  const data = concatBytes(prefix, encrypt(slot.dataKey, numbered, prefix));
  return {
    data,
    key: concatBytes(slot.bytes, bindingOf(slot.dataKey, data)),
    witness: sealWitness(number, wrappingKey),
  };
}

/** The state in a `sealed_data` file, or undefined when it was changed or has another key. */
export function openState(data: Uint8Array, dataKey: Uint8Array): NumberedState | undefined {
  const end = recoveryEnd(data);
  if (end === undefined) return undefined;
  const numbered = decrypt(dataKey, data.subarray(end), data.subarray(0, end));
  if (numbered === undefined || numbered.length < NUMBER_BYTES) return undefined;
  return { number: numberOf(numbered), plain: numbered.subarray(NUMBER_BYTES) };
}

/** A commit number that only holders of `wrappingKey` can write. */
export function sealWitness(number: number, wrappingKey: Uint8Array): Uint8Array {
  return concatBytes(WITNESS_MAGIC, encrypt(wrappingKey, numberBytes(number), WITNESS_MAGIC));
}

/** The commit number of a witness, or undefined when it was not sealed under `wrappingKey`. */
export function openWitness(file: Uint8Array, wrappingKey: Uint8Array): number | undefined {
  if (!equalBytes(file.subarray(0, WITNESS_MAGIC.length), WITNESS_MAGIC)) return undefined;
  const opened = decrypt(wrappingKey, file.subarray(WITNESS_MAGIC.length), WITNESS_MAGIC);
  return opened?.length === NUMBER_BYTES ? numberOf(opened) : undefined;
}

/** The clear recovery data of a `sealed_data` file. Throws `STATE_TAMPERED` when cut off. */
export function recoveryDataOf(data: Uint8Array): Uint8Array {
  const end = recoveryEnd(data);
  if (end === undefined) {
    throw new CoordinatorError("STATE_TAMPERED", `sealed_data of ${data.length} bytes is cut off`);
  }
  return data.subarray(4, end);
}

function recoveryEnd(data: Uint8Array): number | undefined {
  if (data.length < 4) return undefined;
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  return length > MAX_RECOVERY_BYTES || 4 + length > data.length ? undefined : 4 + length;
}

function lengthBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
}

function numberBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number), true);
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
}
