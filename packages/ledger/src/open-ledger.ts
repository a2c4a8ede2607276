import { randomBytes } from "node:crypto";
import { type Anchor, checkAnchor } from "./anchor.ts";
import { sealHead } from "./core/head.ts";
import { deriveLedgerKeys, WRITER_BYTES } from "./core/ledger-keys.ts";
import { checkVolumeBallots, createLedgerState, type Revote } from "./core/ledger-state.ts";
import { sealVolumeIndex, type VolumeIndex } from "./core/volume-index.ts";
import { createLedger } from "./create-ledger.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerLog } from "./ledger-log.ts";
import { loadState } from "./load-state.ts";
import { readRoot } from "./read-proof.ts";
import { replayGroup } from "./replay-group.ts";
import { createLogSigner } from "./sign-checkpoint.ts";
import type { HeadWrite, LedgerStore } from "./store/ledger-store.ts";

/** Ballots of a volume, unless a test wants to see many. */
const VOLUME_BALLOTS = 2 ** 18;

/** What {@link openLedger} needs. */
export interface LedgerOptions {
  readonly store: LedgerStore;
  /** 32 secret bytes: everything is derived from them and the poll. */
  readonly key: Uint8Array;
  readonly poll: string;
  readonly rules: { readonly revote: Revote };
  /** What shows that the whole store was put back; without it that is not noticed. */
  readonly anchor?: Anchor | undefined;
  readonly log?: LedgerLog | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs?: (() => number) | undefined;
  /** Ballots of a volume, a multiple of 256. A ledger keeps the number that it began with. */
  readonly volumeBallots?: number | undefined;
}

/**
 * Opens a ledger, or begins one where there is none. Everything there is checked first, and what is not
 * as it was written is refused by its code: `LEDGER_TRUNCATED`, `LEDGER_ROLLED_BACK`,
 * `LEDGER_TAMPERED`, `LEDGER_SEGMENT_MISSING`, `LEDGER_SEGMENT_FOREIGN`, `LEDGER_KEY_WRONG`.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { store, key, poll, rules, anchor, volumeBallots = VOLUME_BALLOTS } = options;
  const log = options.log ?? (() => undefined);
  const keys = deriveLedgerKeys(key, poll);
  checkVolumeBallots(volumeBallots);
  const state = createLedgerState({ keys, revote: rules.revote, volumeBallots });
  const session = await store.open({ poll, volumeBallots });
  try {
    const { head, tornBytes, unsaved } = await loadState({ keys, session, state });
    const writer = randomBytes(WRITER_BYTES);
    const heads = createHeads(
      head === undefined || head.slot === 1 ? 0 : 1,
      (counter, size, chain) => sealHead(keys, writer, counter, { size, chain }),
    );
    const saveVolume = async (index: VolumeIndex): Promise<void> =>
      await session.writeVolume(
        index.volume,
        sealVolumeIndex(keys, randomBytes(WRITER_BYTES), index),
      );
    const ledger = createLedger({
      keys,
      session,
      state,
      anchor,
      log,
      saveVolume,
      signer: createLogSigner(keys),
      nextHead: heads,
      nowMs: options.nowMs ?? (() => performance.now()),
      replayOther: (group) => replayGroup(keys, state, group),
    });
    if (anchor !== undefined) {
      await checkAnchor(anchor, {
        size: () => state.size,
        rootAt: async (size) => await readRoot({ keys, session, state }, size),
        refresh: ledger.refresh,
      });
    }
    if (head?.otherTorn === true) log("warn", "half of the ledger's head was torn", {});
    if (head !== undefined && head.head.size < state.size) {
      log("info", "ledger head was behind", { head: head.head.size, size: state.size });
    }
    await session.setAside(state.size);
    if (tornBytes > 0) log("warn", "ledger tail was torn", { bytes: tornBytes, size: state.size });
    if (unsaved !== undefined) await saveVolume(unsaved);
    await session.writeHead(heads(state.size, state.chain));
    if (head === undefined) await session.writeHead(heads(state.size, state.chain));
    return ledger;
  } catch (error) {
    await session.close().catch(() => undefined);
    throw error;
  }
}

/** Heads in turn for both slots, each with a counter of its own. */
function createHeads(
  first: 0 | 1,
  seal: (counter: number, size: number, chain: Uint8Array) => Uint8Array,
): (size: number, chain: Uint8Array) => HeadWrite {
  let counter = 0;
  let slot = first;
  return (size, chain) => {
    counter += 1;
    const write = { slot, size, bytes: seal(counter, size, chain) };
    slot = slot === 0 ? 1 : 0;
    return write;
  };
}
