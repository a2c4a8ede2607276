import { LedgerError } from "./error.ts";

/** A counter that only rises and that the ledger's disk does not hold: the Coordinator's. */
export interface Anchor {
  /** Raises it to `size` if it is lower; gives the value that it had before. */
  raise(size: number): Promise<number>;
}

/** Milliseconds between two raises under load. */
export const ANCHOR_PAUSE_MS = 1000;

/**
 * Holds a ledger to its anchor. `refresh` reads what other replicas appended meanwhile and gives the
 * size. Throws `LEDGER_ROLLED_BACK`, `LEDGER_ANCHOR_UNAVAILABLE`.
 */
export async function checkAnchor(
  anchor: Anchor,
  size: number,
  refresh: () => Promise<number>,
): Promise<void> {
  const anchored = await raise(anchor, size);
  if (anchored <= size) return;
  const now = await refresh();
  if (anchored <= now) return;
  throw new LedgerError(
    "LEDGER_ROLLED_BACK",
    `the ledger has ${now} ballots, it had ${anchored} before`,
  );
}

async function raise(anchor: Anchor, size: number): Promise<number> {
  try {
    return await anchor.raise(size);
  } catch (cause) {
    throw new LedgerError("LEDGER_ANCHOR_UNAVAILABLE", "the anchor does not answer", { cause });
  }
}
