import type { Ledger, LedgerCheckpoint } from "@carrara/ledger";
import { type NoteSignature, parseVerifierKey, type VerifierKey } from "@carrara/transparency";
import { WitnessError } from "@carrara/witness";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import type { Log } from "../service/log.ts";

/**
 * What witnesses say: none is configured; one at least has cosigned the latest head; none has answered for
 * it yet; or one has seen another history of this log.
 */
export type WitnessVerdict = "none" | "cosigned" | "waiting" | "conflict";

/** A witness as `WITNESSES` names it. */
export interface WitnessPeer {
  readonly key: VerifierKey;
  readonly url: string;
}

/** Hands one head to all witnesses. Never rejects. */
export type WitnessRound = (checkpoint: LedgerCheckpoint) => Promise<{
  readonly signatures: readonly NoteSignature[];
  readonly verdict: WitnessVerdict;
}>;

/** Asks one witness: `submitCheckpoint` of the witness room, whose errors have its codes. */
export type SubmitToWitness = (submission: {
  readonly url: string;
  /** Size that this witness cosigned last; 0 asks for it by a conflict. */
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: string;
  readonly witnessKey: VerifierKey;
  readonly timeoutMs: number;
}) => Promise<{ readonly signature: NoteSignature }>;

/** Longest list, and longest time for one round. */
const MAX_WITNESSES = 16;
const TIMEOUT_MS = 5_000;
/** How often a witness is asked for one head: another replica's head may come in between. */
const ATTEMPTS = 3;
/**
 * How long in ms a witness may know more ballots than this process. Another replica over the same log is
 * ahead for moments; a log that lost ballots stays behind.
 */
const AHEAD_MS = 30_000;

/** Reads lines `<verifier key> <url>`. Throws `SETTING_INVALID`. */
export function witnessPeersOf(text: string): readonly WitnessPeer[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length > MAX_WITNESSES) throw invalid(`has over ${MAX_WITNESSES} lines`);
  return lines.map((line) => {
    const [key = "", url = "", ...rest] = line.split(/\s+/);
    if (rest.length > 0 || !URL.canParse(url) || !/^https?:/.test(url)) {
      throw invalid("needs lines of a verifier key and a url");
    }
    return { key: keyOf(key), url };
  });
}

/** Creates rounds over `peers`; each witness is asked from where it cosigned last. */
export function createWitnessRound(options: {
  readonly peers: readonly WitnessPeer[];
  readonly ledger: Pick<Ledger, "consistency">;
  readonly submit: SubmitToWitness;
  readonly log: Log;
  /** Called with the name of a witness that has seen another history. */
  readonly onConflict: (witness: string) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}): WitnessRound {
  const witnesses = options.peers.map((peer) => createAsker(peer, options));
  return async (checkpoint) => {
    const answers = await Promise.all(witnesses.map(async (ask) => await ask(checkpoint)));
    const signatures = answers.flatMap(({ signature }) => signature ?? []);
    const conflict = answers.some(({ kind }) => kind === "conflict");
    const agreed = signatures.length > 0 ? "cosigned" : "waiting";
    return { signatures, verdict: conflict ? "conflict" : agreed };
  };
}

interface Answer {
  readonly kind: "cosigned" | "silent" | "conflict";
  readonly signature?: NoteSignature;
}

type Options = Parameters<typeof createWitnessRound>[0];

function createAsker(
  { key, url }: WitnessPeer,
  { ledger, submit, log, onConflict, now = () => performance.now() }: Options,
): (checkpoint: LedgerCheckpoint) => Promise<Answer> {
  let cosignedSize = 0;
  let conflict = false;
  let silent = false;
  let aheadSince: number | undefined;

  const submitFrom = async (oldSize: number, checkpoint: LedgerCheckpoint): Promise<Answer> => {
    const proof = await ledger.consistency(oldSize, checkpoint.size);
    const { signature } = await submit({
      url,
      oldSize,
      proof,
      checkpoint: checkpoint.note,
      witnessKey: key,
      timeoutMs: TIMEOUT_MS,
    });
    cosignedSize = checkpoint.size;
    return { kind: "cosigned", signature };
  };
  const attempt = async (checkpoint: LedgerCheckpoint): Promise<Answer> => {
    let from = cosignedSize;
    for (let left = ATTEMPTS - 1; ; left -= 1) {
      try {
        return await submitFrom(from, checkpoint);
      } catch (error) {
        // It knows the log from elsewhere: it says from where to prove.
        const size = conflictSizeOf(error);
        if (size === undefined || size > checkpoint.size || left === 0) throw error;
        from = size;
      }
    }
  };
  const isFork = (error: unknown, { size }: LedgerCheckpoint): boolean => {
    if (error instanceof WitnessError && error.code === "WITNESS_FORK") return true;
    if ((conflictSizeOf(error) ?? 0) <= size) return false;
    aheadSince ??= now();
    return now() - aheadSince >= AHEAD_MS;
  };

  return async (checkpoint) => {
    // Nothing that this process signs makes another history whole again.
    if (conflict) return { kind: "conflict" };
    try {
      const answer = await attempt(checkpoint);
      silent = false;
      aheadSince = undefined;
      return answer;
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown";
      if (isFork(error, checkpoint)) {
        conflict = true;
        const code = "WITNESS_CONFLICT";
        log.error({ code, witness: key.name, reason }, "witness has seen another history");
        onConflict(key.name);
        return { kind: "conflict" };
      }
      if (!silent) log.warn({ witness: key.name, reason }, "witness does not cosign");
      silent = true;
      return { kind: "silent" };
    }
  };
}

function conflictSizeOf(error: unknown): number | undefined {
  const isConflict = error instanceof WitnessError && error.code === "WITNESS_CONFLICT";
  return isConflict ? error.size : undefined;
}

function keyOf(text: string): VerifierKey {
  try {
    const key = parseVerifierKey(text);
    if (key.type === "cosignature") return key;
  } catch {
    // Said below.
  }
  throw invalid("has a key that is no cosignature key");
}

function invalid(what: string): EmojivotoError {
  return new EmojivotoError("SETTING_INVALID", `WITNESSES ${what}`);
}
