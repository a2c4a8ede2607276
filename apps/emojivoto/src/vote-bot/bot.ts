import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { BotSettings } from "./bot-settings.ts";
import { pickVote } from "./pick.ts";
import type { Random } from "./random.ts";
import type { WebClient } from "./web-client.ts";

/** What the bot runs on. */
export interface BotOptions {
  readonly settings: Pick<BotSettings, "requestRate" | "ttlMs">;
  readonly client: WebClient;
  readonly random: Random;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  /** Waits; returns early when `signal` is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
}

/** Votes until `signal` is aborted or the time to live is over; a failure is reported and the next round begins. */
export async function runBot(options: BotOptions, signal: AbortSignal): Promise<void> {
  const { settings, now, sleep, say } = options;
  const pauseMs = 1000 / settings.requestRate;
  const endAt = settings.ttlMs === undefined ? Number.POSITIVE_INFINITY : now() + settings.ttlMs;
  for (;;) {
    await sleep(pauseMs, signal);
    if (signal.aborted) return;
    if (now() >= endAt) {
      say("time to live is over");
      return;
    }
    await voteOnce(options, signal);
  }
}

async function voteOnce(options: BotOptions, signal: AbortSignal): Promise<void> {
  const { client, random, say, complain } = options;
  try {
    const choice = pickVote(await client.listShortcodes(signal), random);
    say(`✔ voting for ${choice}`);
    await client.vote(choice, signal);
  } catch (error) {
    if (!(error instanceof EmojivotoError)) throw error;
    if (!signal.aborted) complain(error.message);
  }
}
