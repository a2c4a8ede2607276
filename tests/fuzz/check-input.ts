import { setTimeout } from "node:timers/promises";
import { type Delivery, deliver } from "./delivery.ts";
import type { Seed, Target } from "./target.ts";

/** A call above this is asked for again; one that stays above it is a finding. */
const SLOW_MS = 50;
const REPEATS = 2;
/** Before each repetition, so that a machine that was busy elsewhere is not taken for a slow reader. */
const PAUSE_MS = 100;
const MAX_MESSAGE = 400;

/** What a target made of one input. */
export interface Checked {
  readonly kind: "accepted" | "refused" | "fault";
  /** Which answer it was, but for numbers. */
  readonly answer: string;
  /** When that was too long, the shortest of three times. */
  readonly ms: number;
  /** What must not be, in words; none is good. */
  readonly faults: readonly string[];
}

type Outcome = Pick<Checked, "kind" | "answer">;

/** Gives inputs to a target and judges what comes of it. */
export function createCheck(target: Target): (input: Seed, delivery: Delivery) => Promise<Checked> {
  const { reliedOn, seeds } = target;
  const relied = new Set(
    seeds.flatMap(
      ({ part, bytes }) => reliedOn?.(bytes, part).map((item) => `${part} ${item}`) ?? [],
    ),
  );
  const isFaithful = ({ part, bytes }: Seed): boolean =>
    reliedOn?.(bytes, part).every((item) => relied.has(`${part} ${item}`)) ?? true;
  return async (input, delivery) => {
    const { outcome, ms } = await timed(target, deliver(input.bytes, delivery), input.part);
    const faults = [
      ...(outcome.kind === "fault" ? [outcome.answer] : []),
      ...(ms > SLOW_MS ? [`took ${ms.toFixed(0)} ms three times`] : []),
      ...(outcome.kind === "accepted" && !isFaithful(input)
        ? ["something that was changed has verified"]
        : []),
    ];
    return { ...outcome, ms, faults };
  };
}

async function timed(
  target: Target,
  input: Uint8Array,
  part: string,
): Promise<{ readonly outcome: Outcome; readonly ms: number }> {
  const started = performance.now();
  const outcome = await readOnce(target, input, part);
  let ms = performance.now() - started;
  for (let i = 0; i < REPEATS && ms > SLOW_MS; i += 1) {
    await setTimeout(PAUSE_MS);
    const again = performance.now();
    await readOnce(target, input, part);
    ms = Math.min(ms, performance.now() - again);
  }
  return { outcome, ms };
}

async function readOnce(target: Target, input: Uint8Array, part: string): Promise<Outcome> {
  try {
    const value = target.read(input, part);
    // Most readers do not wait, and a turn of the event loop costs as much as many of them.
    if (value instanceof Promise) await value;
    return { kind: "accepted", answer: "accepted" };
  } catch (error) {
    return outcomeOf(target, error);
  }
}

function outcomeOf({ refusals }: Target, error: unknown): Outcome {
  if (!(error instanceof Error)) return { kind: "fault", answer: `threw ${String(error)}` };
  const { name, message, cause } = error;
  if (refusals.some((type) => error instanceof type) && !isUnforeseen(error)) {
    return {
      kind: "refused",
      answer: `${name} ${message.slice(0, MAX_MESSAGE).replace(/\d+/g, "0")}`,
    };
  }
  const because = cause instanceof Error ? ` because of ${cause.name}: ${cause.message}` : "";
  return { kind: "fault", answer: `threw ${name}: ${message}${because}`.slice(0, MAX_MESSAGE) };
}

/** Verifiers fail closed: what nobody foresaw has our class all the same, and says so. */
function isUnforeseen({ message }: Error): boolean {
  return message === "verification failed unexpectedly";
}
