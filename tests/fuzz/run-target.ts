import { createCheck } from "./check-input.ts";
import { createCorpus } from "./corpus.ts";
import { DELIVERIES, type Delivery } from "./delivery.ts";
import { createRandom } from "./random.ts";
import type { Seed, Target } from "./target.ts";

/** Findings of one target after which there is no point in going on. */
const MAX_FINDINGS = 3;
/** Runs between two looks at the clock and at what all objects inherit. */
const BATCH = 256;
/** One in so many inputs of a parser lies in another kind of memory. */
const OTHER_MEMORY = 16;

/** Something that must not happen, and how to have it happen again. */
export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly iteration: number;
  readonly part: string;
  readonly delivery: Delivery;
  readonly what: string;
  readonly input: Uint8Array;
}

/** What became of one target. */
export interface TargetReport {
  readonly name: string;
  readonly kind: Target["kind"];
  readonly runs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
  readonly findings: readonly Finding[];
}

/** How a target is run. */
export interface RunOptions {
  readonly seed: number;
  readonly runs: number;
  /** Called before every input is read, so that one that never ends is known. */
  readonly onInput?: (iteration: number, input: Seed) => void;
  /** Whether to go on; asked now and then. */
  readonly goOn?: () => boolean;
}

/**
 * Reads `runs` mutated inputs. The seed, the target's name and its good inputs determine all of
 * them, together with what it answers: inputs with a new answer become good ones to start from.
 */
export async function runTarget(target: Target, options: RunOptions): Promise<TargetReport> {
  const { name, kind } = target;
  const { seed, runs, onInput, goOn = () => true } = options;
  const random = createRandom(seed, name);
  const corpus = createCorpus(target, random);
  const check = createCheck(target);
  const findings: Finding[] = [];
  const count = { accepted: 0, refused: 0, fault: 0 };
  let slowestMs = 0;
  let done = 0;
  for (; done < runs && findings.length < MAX_FINDINGS; done += 1) {
    if (done % BATCH === 0 && !goOn()) break;
    const input = corpus.next();
    const isElsewhere = kind === "parser" && random.oneIn(OTHER_MEMORY);
    const delivery = isElsewhere ? random.pick(DELIVERIES) : "plain";
    onInput?.(done, input);
    const { kind: outcome, answer, ms, faults } = await check(input, delivery);
    count[outcome] += 1;
    slowestMs = Math.max(slowestMs, ms);
    corpus.learn(input, answer);
    const all = isPolluted() ? [...faults, "gave all objects a new member"] : faults;
    for (const what of all) {
      const { part, bytes } = input;
      findings.push({ target: name, seed, iteration: done, part, delivery, what, input: bytes });
    }
  }
  const { accepted, refused } = count;
  return { name, kind, runs: done, accepted, refused, slowestMs, findings };
}

function isPolluted(): boolean {
  for (const _ in {}) return true;
  return false;
}
