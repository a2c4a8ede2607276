import { LedgerError } from "./error.ts";

/** The tree that an anchor knows. */
export interface AnchoredTree {
  /** Ballots in it; 0 where nothing was anchored yet. */
  readonly size: number;
  /** Whether its root is this one, as far as the anchor remembers roots. */
  isOf(root: Uint8Array): boolean;
}

/** A counter that only rises and that the ledger's disk does not hold: the Coordinator's. */
export interface Anchor {
  /** What it was raised to. */
  read(): Promise<AnchoredTree>;
  /** Raises it to the tree of `size` ballots if that is larger; gives what it knew before. */
  raise(size: number, root: Uint8Array): Promise<AnchoredTree>;
}

/** A ledger as it is held to its anchor. */
export interface AnchorableLedger {
  /** Durable ballots. */
  size(): number;
  /** Root of the first `size` of them. */
  rootAt(size: number): Promise<Uint8Array>;
  /** Reads what other replicas appended. */
  refresh(): Promise<void>;
}

/** Milliseconds between two raises under load. */
export const ANCHOR_PAUSE_MS = 1000;

/**
 * Holds a ledger that was opened to its anchor, and raises it then: another tree of the same size must not
 * become the one that it knows. Throws `LEDGER_ROLLED_BACK`, `LEDGER_ANCHOR_UNAVAILABLE`.
 */
export async function checkAnchor(anchor: Anchor, ledger: AnchorableLedger): Promise<void> {
  await requireSame(await answerOf(async () => await anchor.read()), ledger);
  await raiseAnchor(anchor, ledger);
}

/** Raises an anchor; what it knew before must be the beginning of the ledger. Throws the same. */
export async function raiseAnchor(anchor: Anchor, ledger: AnchorableLedger): Promise<void> {
  const size = ledger.size();
  const root = await ledger.rootAt(size);
  await requireSame(await answerOf(async () => await anchor.raise(size, root)), ledger);
}

async function requireSame(known: AnchoredTree, ledger: AnchorableLedger): Promise<void> {
  if (known.size > ledger.size()) await ledger.refresh();
  const size = ledger.size();
  if (known.size > size) {
    throw rolledBack(`the ledger has ${size} ballots, it had ${known.size} before`);
  }
  if (known.isOf(await ledger.rootAt(known.size))) return;
  throw rolledBack(`the first ${known.size} ballots are not those that it had before`);
}

function rolledBack(message: string): LedgerError {
  return new LedgerError("LEDGER_ROLLED_BACK", message);
}

async function answerOf(ask: () => Promise<AnchoredTree>): Promise<AnchoredTree> {
  try {
    return await ask();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
    const message = `the anchor gives no answer (${code})`;
    throw new LedgerError("LEDGER_ANCHOR_UNAVAILABLE", message, { cause });
  }
}
