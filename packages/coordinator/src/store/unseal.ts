import { CoordinatorError } from "../error.ts";
import {
  foreignFormatOf,
  isBoundTo,
  type KeySlot,
  type NumberedState,
  openDataKey,
  openState,
  openWitness,
  policyOfKeyFile,
  recoveryDataOf,
  type SealPolicy,
} from "./sealing.ts";
import type { StoredState } from "./state-store.ts";

/** A state that this enclave can read, with what it takes to write the next one. */
interface OpenedSeal extends NumberedState {
  readonly kind: "open";
  readonly slot: KeySlot;
  readonly wrappingKey: Uint8Array;
  readonly recoveryData: Uint8Array;
}

/** What a store holds, as far as this enclave can read it. */
export type Unsealed =
  | OpenedSeal
  /** The key is missing, of another machine, or not of this format. */
  | { readonly kind: "locked"; readonly data: Uint8Array };

/** The key that data keys of a policy are sealed under, or undefined where this machine has none. */
export type WrappingKeySource = (policy: SealPolicy) => Promise<Uint8Array | undefined>;

/**
 * Unseals what a store holds. Throws `STATE_TAMPERED` when the key is this enclave's but the data was
 * changed or the witness is gone, `STATE_ROLLED_BACK` when the parts are of different commits, and
 * `STATE_FORMAT` when another version of this Coordinator sealed it: none is a case for recovery. What it cannot see is all parts restored together to one earlier
 * commit; that takes a witness that lives elsewhere, as {@link requireNotOlder} has it.
 */
export async function unsealState(
  { data, key, witness }: StoredState,
  wrappingKeyOf: WrappingKeySource,
): Promise<Unsealed> {
  const format = key && foreignFormatOf(key);
  if (format !== undefined) {
    throw new CoordinatorError(
      "STATE_FORMAT",
      `the state is sealed in format ${format}, this version reads and writes format 2 only`,
    );
  }
  const policy = key && policyOfKeyFile(key);
  const wrappingKey = policy && (await wrappingKeyOf(policy));
  const slot = key && wrappingKey && openDataKey(key, wrappingKey);
  if (slot === undefined || key === undefined || wrappingKey === undefined) {
    return { kind: "locked", data };
  }
  const opened = openState(data, slot.dataKey);
  if (opened === undefined) {
    throw new CoordinatorError("STATE_TAMPERED", "sealed_data does not decrypt under its key");
  }
  if (!isBoundTo(key, slot, data)) {
    throw rolledBack("sealed_key and sealed_data are of different commits");
  }
  requireWitness(witness, wrappingKey, opened.number);
  return { kind: "open", slot, wrappingKey, recoveryData: recoveryDataOf(data), ...opened };
}

function requireWitness(
  witness: Uint8Array | undefined,
  wrappingKey: Uint8Array,
  number: number,
): void {
  const witnessed = witness && openWitness(witness, wrappingKey);
  if (witnessed === undefined) {
    const fault = witness === undefined ? "is gone" : "is not this enclave's";
    throw new CoordinatorError("STATE_TAMPERED", `sealed_version ${fault}`);
  }
  if (witnessed !== number) {
    throw rolledBack("sealed_version and sealed_data are of different commits");
  }
}

/** Throws `STATE_ROLLED_BACK` for a state below the highest commit number a witness knows. */
export function requireNotOlder(number: number, witnessed: number): void {
  if (number < witnessed) throw rolledBack("the sealed state is older than one seen before");
}

function rolledBack(message: string): CoordinatorError {
  return new CoordinatorError("STATE_ROLLED_BACK", message);
}
