import { type BallotAnswer, outcome } from "@carrara/ballot";
import type { LedgerBallot } from "@carrara/ledger";
import type { PlainVote } from "../ballot/cast-batch.ts";
import { type CastStatus, castStatus } from "../ballot/cast-status.ts";
import type { OpenedBallot } from "../sealed/ballot-opener.ts";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { BallotBoxOptions } from "./ballot-box.ts";

/** One entry of a batch on its way: decided already, or with a ballot for the ledger. */
export interface Pending {
  readonly status: CastStatus;
  /** Of an entry that is to be counted. */
  readonly ballot?: LedgerBallot;
  /** The way back to the sender of a sealed ballot. */
  readonly reply?: OpenedBallot;
  /** What the sender of a sealed ballot is told when it is not to be counted. */
  readonly refusal?: BallotAnswer["outcome"];
}

interface Options extends Pick<BallotBoxOptions, "choices" | "opener" | "openingOf" | "rules"> {
  /** The commitment of a ballot of this poll. */
  readonly commit: (choice: number, opening: Uint8Array) => Uint8Array;
}

/** Ballots opened before others get a turn: about half a millisecond. */
const OPENED_A_TURN = 8;
const NO_PSEUDONYM = Buffer.alloc(16);

/** Looks at a plain vote and makes a ballot of it, if it may be counted. */
export function readVote({ choice, ballotId }: PlainVote, options: Options): Pending {
  const { choices, rules, commit, openingOf } = options;
  if (rules.revote !== "unlimited") return { status: castStatus.revoteNeedsPseudonym };
  if (!choices.has(choice)) return { status: castStatus.noSuchChoice };
  if (choices.isRefused(choice)) return { status: castStatus.refused };
  const commitment = commit(choice, openingOf(ballotId, choice));
  const ballot = { ballotId, commitment, choice, pseudonym: NO_PSEUDONYM };
  return { status: castStatus.done, ballot };
}

/** Opens ballots a few at a time, so that a burst of them does not hold up everything else. */
export async function openBallots(
  sealed: readonly Uint8Array[],
  options: Options,
): Promise<readonly Pending[]> {
  const pending: Pending[] = [];
  for (const one of sealed) {
    if (pending.length > 0 && pending.length % OPENED_A_TURN === 0) {
      await new Promise(setImmediate);
    }
    pending.push(openOne(one, options));
  }
  return pending;
}

function openOne(sealed: Uint8Array, options: Options): Pending {
  const reply = openedOrStatus(sealed, options);
  if (typeof reply === "number") return { status: reply };
  const { choice, ballotId, opening, pseudonym } = reply.fields;
  const refusal = refusalOf(reply, options);
  if (refusal !== undefined) return { status: castStatus.done, reply, refusal };
  const commitment = options.commit(choice, opening);
  return { status: castStatus.done, reply, ballot: { ballotId, commitment, choice, pseudonym } };
}

function openedOrStatus(sealed: Uint8Array, { opener }: Options): OpenedBallot | CastStatus {
  try {
    return opener.open(sealed);
  } catch (error) {
    if (!(error instanceof EmojivotoError)) throw error;
    const isOther = error.code === "BALLOT_KEY_UNKNOWN";
    return isOther ? castStatus.keyUnknown : castStatus.malformed;
  }
}

/** Why an opened ballot is not for the ledger: no such choice, one that is refused, or no pseudonym where the rule needs it. */
function refusalOf(
  { fields }: OpenedBallot,
  { choices, rules }: Options,
): BallotAnswer["outcome"] | undefined {
  if (!choices.has(fields.choice)) return outcome.noSuchChoice;
  const isNameless = NO_PSEUDONYM.equals(fields.pseudonym);
  const needsName = rules.revote !== "unlimited";
  return choices.isRefused(fields.choice) || (needsName && isNameless)
    ? outcome.refused
    : undefined;
}
