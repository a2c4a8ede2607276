import { equalBytes } from "@carrara/encoding";
import { openGroup } from "./core/group.ts";
import type { LedgerKeys } from "./core/ledger-keys.ts";
import type { LedgerState } from "./core/ledger-state.ts";
import { LedgerError } from "./error.ts";

/** Adds a group that was read. Throws `LEDGER_TAMPERED` when it does not open or does not follow. */
export function replayGroup(keys: LedgerKeys, state: LedgerState, group: Uint8Array): void {
  const { header, records } = openGroup(keys, group);
  const { firstIndex, count, previous } = header;
  const follows = firstIndex === state.size && count <= state.room;
  if (!follows || !equalBytes(previous, state.chain)) {
    throw new LedgerError(
      "LEDGER_TAMPERED",
      `the group from index ${firstIndex} does not follow ${state.size} ballots`,
    );
  }
  state.replay(group, records);
}
