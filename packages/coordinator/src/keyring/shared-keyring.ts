import { randomBytes } from "node:crypto";
import type { Tee } from "@carrara/tee";
import { reasonOf } from "../error.ts";
import type { Log } from "../log.ts";
import { AEAD_KEY_BYTES } from "../store/aead.ts";
import { openWitness, type SealPolicy, sealWitness } from "../store/sealing.ts";
import type { MachineEntries } from "../store/state-store.ts";
import type { Keyring } from "./keyring.ts";
import { machineIdOf, openSharedKey, sealSharedKey } from "./machine-entry.ts";

/** Behind a machine's name: the entry with the highest commit number it has seen. */
const WITNESS_SUFFIX = ".version";

/** The keyring of a Coordinator that shares its state with others (section 8.6). */
export interface SharedKeyring extends Keyring {
  /** Takes over the key that a peer handed out, and seals it for this machine. */
  adopt(policy: SealPolicy, sharedKey: Uint8Array): Promise<void>;
}

/** What {@link createSharedKeyring} needs. */
export interface SharedKeyringDeps {
  readonly tee: Pick<Tee, "getSealingKey">;
  readonly machines: MachineEntries;
  readonly log: Log;
}

/**
 * Keeps one random key for a policy, sealed per machine beside the state. Coordinators on one machine
 * find the same entry; the first one makes it. The witness of a machine is written behind the commits,
 * so that it may lack the last ones before a kill.
 */
export function createSharedKeyring({ tee, machines, log }: SharedKeyringDeps): SharedKeyring {
  const held = new Map<SealPolicy, Uint8Array>();
  let highest = 0;
  let writing: Promise<void> | undefined;

  const load = async (policy: SealPolicy): Promise<Uint8Array | undefined> => {
    const sealingKey = await tee.getSealingKey(policy);
    const entry = await machines.read(machineIdOf(sealingKey));
    return entry && openSharedKey(entry, sealingKey);
  };
  const wrappingKey = async (policy: SealPolicy): Promise<Uint8Array | undefined> => {
    const key = held.get(policy) ?? (await load(policy));
    if (key !== undefined) held.set(policy, key);
    return key;
  };
  const witnessName = async () => {
    const sealingKey = await tee.getSealingKey("product");
    return { sealingKey, name: `${machineIdOf(sealingKey)}${WITNESS_SUFFIX}` };
  };
  const writeWitness = async () => {
    try {
      const { sealingKey, name } = await witnessName();
      for (let written = 0; written < highest; ) {
        written = highest;
        await machines.write(name, sealWitness(written, sealingKey));
      }
    } catch (error) {
      log.warn({ code: reasonOf(error) }, "commit number not remembered");
    } finally {
      writing = undefined;
    }
  };

  return {
    wrappingKey,
    ensureWrappingKey: async (policy) => {
      const found = await wrappingKey(policy);
      if (found !== undefined) return found;
      const sealingKey = await tee.getSealingKey(policy);
      const name = machineIdOf(sealingKey);
      const made = new Uint8Array(randomBytes(AEAD_KEY_BYTES));
      const entry = sealSharedKey(made, sealingKey);
      if (await machines.create(name, entry)) held.set(policy, made);
      // Another Coordinator of this machine was faster, or the entry is broken and of no use.
      const key = held.get(policy) ?? (await load(policy));
      if (key === undefined) await machines.write(name, entry);
      held.set(policy, key ?? made);
      return key ?? made;
    },
    adopt: async (policy, sharedKey) => {
      const sealingKey = await tee.getSealingKey(policy);
      await machines.write(machineIdOf(sealingKey), sealSharedKey(sharedKey, sealingKey));
      held.set(policy, sharedKey);
    },
    witnessed: async () => {
      const { sealingKey, name } = await witnessName();
      const entry = await machines.read(name);
      highest = Math.max(highest, (entry && openWitness(entry, sealingKey)) ?? 0);
      return highest;
    },
    remember: (number) => {
      if (number <= highest) return;
      highest = number;
      writing ??= writeWitness();
    },
    drain: async () => {
      await writing;
    },
  };
}
