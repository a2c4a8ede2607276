import { ANCHOR_PAUSE_MS, type Anchor, type AnchorableLedger, raiseAnchor } from "./anchor.ts";
import { LedgerError } from "./error.ts";
import type { LedgerLog } from "./ledger-log.ts";
import { codeOf } from "./ledger-refusal.ts";

/** What {@link createAnchorKeeper} needs. */
export interface AnchorKeeperDeps {
  readonly anchor: Anchor | undefined;
  readonly log: LedgerLog;
  readonly nowMs: () => number;
  readonly ledger: AnchorableLedger;
  /** The ledger is not the one that the anchor knows. */
  readonly refuse: (error: LedgerError) => void;
}

/** Raises an anchor as the ledger grows. */
export interface AnchorKeeper {
  /**
   * Raises it if the last time is long enough ago, else when it is: the last ballots before a silence are
   * anchored, too. Does not wait for it.
   */
  raiseIfDue(): void;
  /** Raises it a last time. */
  finish(): Promise<void>;
}

/** A keeper; an anchor that does not answer under load is told once and tried again until it does. */
export function createAnchorKeeper(deps: AnchorKeeperDeps): AnchorKeeper {
  const { anchor, ledger, log, nowMs } = deps;
  let lastMs = nowMs();
  let raisedTo = ledger.size();
  let raising: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  let isAway = false;

  const raise = async (to: Anchor): Promise<void> => {
    lastMs = nowMs();
    const target = ledger.size();
    try {
      await raiseAnchor(to, ledger);
      raisedTo = target;
      isAway = false;
    } catch (error) {
      if (!isAway) log("warn", "ledger anchor was not raised", { code: codeOf(error) });
      isAway = true;
      if (error instanceof LedgerError && error.code === "LEDGER_ROLLED_BACK") {
        isEnded = true;
        deps.refuse(error);
      }
    }
    raising = undefined;
    plan();
  };
  const plan = (): void => {
    const isIdle = raising === undefined && timer === undefined && !isEnded;
    if (anchor === undefined || !isIdle || ledger.size() <= raisedTo) return;
    const waitMs = lastMs + ANCHOR_PAUSE_MS - nowMs();
    if (waitMs <= 0) {
      raising = raise(anchor);
      return;
    }
    timer = setTimeout(() => {
      timer = undefined;
      plan();
    }, waitMs);
    timer.unref();
  };
  return {
    raiseIfDue: plan,
    finish: async () => {
      isEnded = true;
      clearTimeout(timer);
      await raising;
      if (anchor !== undefined) await raise(anchor);
    },
  };
}
