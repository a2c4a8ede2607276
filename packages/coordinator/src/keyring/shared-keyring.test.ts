import { describe, expect, test } from "vitest";
import type { MachineEntries } from "../store/state-store.ts";
import { createRecordingLog } from "../testing/test-coordinator.ts";
import { machineIdOf } from "./machine-entry.ts";
import { createSharedKeyring } from "./shared-keyring.ts";

/** Entries in memory; writes take a turn. */
function memoryEntries(entries: Map<string, Uint8Array>): MachineEntries {
  return {
    read: async (name) => entries.get(name),
    create: async (name, bytes) => {
      await Promise.resolve();
      if (entries.has(name)) return false;
      entries.set(name, bytes);
      return true;
    },
    write: async (name, bytes) => {
      await Promise.resolve();
      entries.set(name, bytes);
    },
  };
}

const sealingKeyOf = (machine: number) => async (policy: string) =>
  new Uint8Array(32).fill(machine + (policy === "unique" ? 100 : 0));

function open(entries: Map<string, Uint8Array>, machine = 1) {
  const tee = { getSealingKey: sealingKeyOf(machine) };
  return createSharedKeyring({ tee, machines: memoryEntries(entries), log: createRecordingLog() });
}

describe("the keyring of a shared state", () => {
  test("has a key only once one was made, the same at every start and for each policy", async () => {
    const entries = new Map<string, Uint8Array>();
    expect(await open(entries).wrappingKey("product")).toBeUndefined();
    const made = await open(entries).ensureWrappingKey("product");
    expect(await open(entries).wrappingKey("product")).toEqual(made);
    expect(await open(entries).ensureWrappingKey("unique")).not.toEqual(made);
    expect(await open(entries, 2).wrappingKey("product")).toBeUndefined();
  });

  test("gives two coordinators that start at once on one machine one key", async () => {
    const entries = new Map<string, Uint8Array>();
    const both = [open(entries), open(entries)];
    const keys = await Promise.all(
      both.map(async (ring) => await ring.ensureWrappingKey("product")),
    );
    expect(keys[0]).toEqual(keys[1]);
    expect(await open(entries).wrappingKey("product")).toEqual(keys[0]);
  });

  test("replaces an entry that cannot be opened when a new key is needed", async () => {
    const name = machineIdOf(await sealingKeyOf(1)("product"));
    const entries = new Map([[name, new Uint8Array(5)]]);
    const made = await open(entries).ensureWrappingKey("product");
    expect(await open(entries).wrappingKey("product")).toEqual(made);
  });

  test("keeps a key that a peer handed out", async () => {
    const entries = new Map<string, Uint8Array>();
    const ring = open(entries);
    await ring.ensureWrappingKey("product");
    const handed = new Uint8Array(32).fill(3);
    await ring.adopt("product", handed);
    expect(await ring.wrappingKey("product")).toEqual(handed);
    expect(await open(entries).wrappingKey("product")).toEqual(handed);
  });

  test("remembers the highest commit number, on its own machine only", async () => {
    const entries = new Map<string, Uint8Array>();
    const ring = open(entries);
    expect(await ring.witnessed()).toBe(0);
    for (const number of [3, 9, 5]) ring.remember(number);
    await ring.drain();
    expect(await open(entries).witnessed()).toBe(9);
    expect(await open(entries, 2).witnessed()).toBe(0);
  });
});
