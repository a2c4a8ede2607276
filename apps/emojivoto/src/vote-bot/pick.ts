import type { Random } from "./random.ts";

/** The emoji that everybody seems to like. */
export const DOUGHNUT = ":doughnut:";

/** How often the bot votes for the doughnut without drawing from the list. */
const DOUGHNUT_SHARE = 0.15;

/** Draws a vote: the doughnut with probability 0.15, else any listed emoji, which may be the doughnut again. */
export function pickVote(shortcodes: readonly string[], random: Random): string {
  if (random() < DOUGHNUT_SHARE) return DOUGHNUT;
  return shortcodes[Math.floor(random() * shortcodes.length)] ?? DOUGHNUT;
}
