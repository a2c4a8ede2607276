import { createStoreOver } from "../store/file-store.ts";
import type { LedgerStore } from "../store/ledger-store.ts";
import { createMemoryFiles } from "./memory-files.ts";

/** A ledger in memory: the file store over files that are a map. */
export function createMemoryStore(files: Map<string, Uint8Array> = new Map()): LedgerStore {
  return createStoreOver(createMemoryFiles(files));
}
