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
  const { anchor, log, nowMs, size } = deps;
  let lastMs = nowMs();
  let raisedTo = size();
  let raising: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  let isAway = false;

  const raise = async (to: Anchor): Promise<void> => {
    lastMs = nowMs();
    const target = size();
    try {
      await checkAnchor(to, target, async () => {
        await deps.refresh();
        return size();
      });
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
    if (anchor === undefined || !isIdle || size() <= raisedTo) return;
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
