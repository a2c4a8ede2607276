import { mutate } from "./mutate/mutate.ts";
import type { Random } from "./random.ts";
import type { Seed, Target } from "./target.ts";

/** Inputs that gave a new answer and are kept, since what is behind it may be newer still. */
const MAX_KEPT = 96;
/** One in so many mutated inputs starts from a kept one instead of a good one. */
const FROM_KEPT = 3;

/** Inputs to start from: the good ones, and those that made the target say something new. */
export interface Corpus {
  /** A mutated input. */
  next(): Seed;
  /** Keeps `input` when nothing else was answered with `answer` before. */
  learn(input: Seed, answer: string): void;
}

/** A corpus of the good inputs of `target`. Throws a TypeError where there are none. */
export function createCorpus(target: Target, random: Random): Corpus {
  const { name, seeds, grammar, maxBytes } = target;
  if (seeds.length === 0) throw new TypeError(`target ${name} has no good input`);
  const parts = new Map(
    seeds.map(({ part }) => [part, seeds.filter((other) => other.part === part)]),
  );
  const kept: Seed[] = [];
  const known = new Set<string>();
  const longest = Math.max(...seeds.map(({ bytes }) => bytes.length));
  return {
    next: () => {
      const isKept = kept.length > 0 && random.oneIn(FROM_KEPT);
      const { part, bytes } = random.pick(isKept ? kept : seeds);
      const { bytes: other } = random.pick(parts.get(part) ?? seeds);
      return { part, bytes: mutate(bytes, grammar, { random, other, maxBytes }) };
    },
    learn: (input, answer) => {
      const key = `${input.part} ${answer}`;
      // Longer ones take the time of many and show no more.
      const isWanted = input.bytes.length <= longest && kept.length < MAX_KEPT;
      if (!isWanted || known.has(key)) return;
      known.add(key);
      kept.push(input);
    },
  };
}
