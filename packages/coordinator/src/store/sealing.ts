import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { concatBytes, equalBytes, utf8 } from "@carrara/encoding";
import { CoordinatorError } from "../error.ts";
import type { SealedPair } from "./state-store.ts";

/** Which enclaves can unseal: the same signer and product, or this exact build. */
export type SealPolicy = "product" | "unique";

const MAGIC = utf8("CARRARA1");
const POLICIES: readonly SealPolicy[] = ["product", "unique"];
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;
const BINDING_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 1;
const SLOT_BYTES = HEADER_BYTES + NONCE_BYTES + DATA_KEY_BYTES + TAG_BYTES;
/** Most recovery data, in bytes: hashes of 255 secrets and their punctuation. */
const MAX_RECOVERY_BYTES = 32 * 1024;

/** A data key as `sealed_key` carries it. */
export interface KeySlot {
  readonly policy: SealPolicy;
  readonly dataKey: Uint8Array;
  /** Header and encrypted data key; the same in every commit. */
  readonly bytes: Uint8Array;
}

/** AES-256-GCM as nonce, ciphertext and tag. */
function encrypt(key: Uint8Array, plain: Uint8Array, aad: Uint8Array): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return concatBytes(nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** The plain text, or undefined when key, bytes or `aad` are not the ones encrypted with. */
function decrypt(key: Uint8Array, bytes: Uint8Array, aad: Uint8Array): Uint8Array | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES || key.length !== DATA_KEY_BYTES) return undefined;
  const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAAD(aad).setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return concatBytes(cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), cipher.final());
  } catch {
    // Node throws one plain Error for a tag that does not fit, the only failure left here.
    return undefined;
  }
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

/** Seals a state: `recoveryData` stays readable but cannot be changed either. */
export function sealState(slot: KeySlot, recoveryData: Uint8Array, plain: Uint8Array): SealedPair {
  const prefix = concatBytes(lengthBytes(recoveryData.length), recoveryData);
  const data = concatBytes(prefix, encrypt(slot.dataKey, plain, prefix));
  return { data, key: concatBytes(slot.bytes, bindingOf(slot.dataKey, data)) };
}

/** The state in a `sealed_data` file, or undefined when it was changed or has another key. */
export function openState(data: Uint8Array, dataKey: Uint8Array): Uint8Array | undefined {
  const end = recoveryEnd(data);
  return end === undefined
    ? undefined
    : decrypt(dataKey, data.subarray(end), data.subarray(0, end));
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
