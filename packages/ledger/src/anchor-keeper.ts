import { ANCHOR_PAUSE_MS, type Anchor, checkAnchor } from "./anchor.ts";
import { LedgerError } from "./error.ts";
import type { LedgerLog } from "./ledger-log.ts";
import { codeOf } from "./ledger-refusal.ts";

/** What {@link createAnchorKeeper} needs. */
export interface AnchorKeeperDeps {
  readonly anchor: Anchor | undefined;
  readonly log: LedgerLog;
  readonly nowMs: () => number;
  /** Durable ballots. */
  readonly size: () => number;
  /** Reads what other replicas appended. */
  readonly refresh: () => Promise<void>;
  /** The ledger is not the one that the anchor knows. */
  readonly refuse: (error: LedgerError) => void;
}

/** Raises an anchor as the ledger grows. */
export interface AnchorKeeper {
  /** Raises it if the last time is long enough ago; does not wait for it. */
  raiseIfDue(): void;
  /** Raises it a last time. */
  finish(): Promise<void>;
}

/** A keeper; an anchor that does not answer under load is told and tried again. */
export function createAnchorKeeper(deps: AnchorKeeperDeps): AnchorKeeper {
  const { anchor, log, nowMs, size } = deps;
  let lastMs = nowMs();
  let raising: Promise<void> | undefined;

  const raise = async (to: Anchor): Promise<void> => {
    try {
      await checkAnchor(to, size(), async () => {
        await deps.refresh();
        return size();
      });
    } catch (error) {
      log("warn", "ledger anchor was not raised", { code: codeOf(error) });
      if (error instanceof LedgerError && error.code === "LEDGER_ROLLED_BACK") deps.refuse(error);
    }
    raising = undefined;
  };
  return {
    raiseIfDue: () => {
      const atMs = nowMs();
      if (anchor === undefined || raising !== undefined || atMs - lastMs < ANCHOR_PAUSE_MS) return;
      lastMs = atMs;
      raising = raise(anchor);
    },
    finish: async () => {
      await raising;
      if (anchor !== undefined) await raise(anchor);
    },
  };
}
