import { Counter, Gauge, type Registry } from "prom-client";

/** What the voting service counts. No label anywhere tells a choice, a voter or an outcome. */
export interface VotingMetrics {
  counted(ballots: number): void;
  witnessConflict(): void;
}

/** Registers the metrics. */
export function createVotingMetrics(
  registry: Registry,
  { isStoring }: { readonly isStoring: () => boolean },
): VotingMetrics {
  // Without the original's `emoji` label: scraped once a second, a series an emoji is as good as a list of
  // who voted for what and when. The standings are what the poll publishes.
  const total = new Counter({
    name: "emojivoto_votes_total",
    help: "Votes counted since the start, for all emoji together.",
    registers: [registry],
  });
  const conflicts = new Counter({
    name: "emojivoto_witness_conflicts_total",
    help: "Witnesses that have seen another history of the log: it was rolled back or forked.",
    registers: [registry],
  });
  new Gauge({
    name: "emojivoto_ledger_storing",
    help: "1 while votes can be stored, else 0.",
    registers: [registry],
    collect() {
      this.set(isStoring() ? 1 : 0);
    },
  });
  return {
    counted: (ballots) => total.inc(ballots),
    witnessConflict: () => conflicts.inc(),
  };
}
