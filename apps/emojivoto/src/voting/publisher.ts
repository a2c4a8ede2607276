import type { Ledger, LedgerCheckpoint } from "@carrara/ledger";
import { encodeNote, type NoteSignature, parseNote } from "@carrara/transparency";
import { createThrottle } from "./throttle.ts";
import type { WitnessRound, WitnessVerdict } from "./witness-round.ts";

/** What is public of the log at one moment; checkpoint and tally are of the same tree. */
export interface Publication {
  readonly size: number;
  /** The signed note with the cosignatures that there are. */
  readonly checkpoint: string;
  /** The signed tally. */
  readonly tally: string;
  readonly witnesses: WitnessVerdict;
}

/** Publishes the log's head again and again as it grows. */
export interface Publisher {
  readonly latest: Publication;
  /** The log grew. */
  grew(): void;
  stop(): void;
}

/** Milliseconds between two publications at least: with witnesses one a second, as they were promised. */
const PAUSE_MS = 250;
const WITNESSED_PAUSE_MS = 1_000;
/** After how many milliseconds a head that no witness has cosigned is tried again: the last one of a poll is. */
const RETRY_MS = 5_000;

/** Creates a publisher and publishes the head that is there. */
export function createPublisher({
  ledger,
  round,
  onPublished,
  retryMs = RETRY_MS,
}: {
  readonly ledger: Pick<Ledger, "checkpoint" | "tallyNote">;
  /** Asks the witnesses; undefined when there are none. */
  readonly round: WitnessRound | undefined;
  readonly onPublished: () => void;
  readonly retryMs?: number;
}): Publisher {
  const snapshot = (): Head => ({ checkpoint: ledger.checkpoint(), tally: ledger.tallyNote() });
  let latest = publicationOf(snapshot(), [], round === undefined ? "none" : "waiting");
  let retry: NodeJS.Timeout | undefined;
  const publish = async (): Promise<void> => {
    const head = snapshot();
    if (round === undefined) latest = publicationOf(head, [], "none");
    else {
      const { signatures, verdict } = await round(head.checkpoint);
      latest = publicationOf(head, signatures, verdict);
      clearTimeout(retry);
      if (verdict === "waiting") retry = setTimeout(() => throttle.trigger(), retryMs).unref();
    }
    onPublished();
  };
  const pauseMs = round === undefined ? PAUSE_MS : WITNESSED_PAUSE_MS;
  const throttle = createThrottle(pauseMs, publish);
  // What was there before this process is told to the witnesses at once.
  throttle.trigger();
  return {
    get latest() {
      return latest;
    },
    grew: throttle.trigger,
    stop: () => {
      throttle.stop();
      clearTimeout(retry);
    },
  };
}

/** A tree head and the tally over it. */
interface Head {
  readonly checkpoint: LedgerCheckpoint;
  readonly tally: string;
}

function publicationOf(
  { checkpoint, tally }: Head,
  cosignatures: readonly NoteSignature[],
  witnesses: WitnessVerdict,
): Publication {
  const { text, signatures } = parseNote(checkpoint.note);
  const note = encodeNote({ text, signatures: [...signatures, ...cosignatures] });
  return { size: checkpoint.size, checkpoint: note, tally, witnesses };
}
