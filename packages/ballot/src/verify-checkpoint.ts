import {
  type Checkpoint,
  parseCheckpoint,
  parseNote,
  type SignedNote,
  TransparencyError,
  type VerifierKey,
  verifyCosignature,
  verifyNote,
} from "@carrara/transparency";
import { BallotError } from "./error.ts";

/** Whose word on a log counts. */
export interface LogTrust {
  /** The log's key, from a verified keys statement. */
  readonly logKey: VerifierKey;
  /** Witnesses whose cosignatures are looked for. */
  readonly witnesses?: readonly VerifierKey[];
  /** How many of them must have cosigned; all of them unless given. */
  readonly threshold?: number;
}

/** A witness that cosigned a checkpoint. */
export interface Cosigner {
  /** Name of the witness' key. */
  readonly name: string;
  /** Seconds since 1970. */
  readonly timeSeconds: number;
}

/** A checkpoint whose signatures were verified. */
export interface VerifiedCheckpoint extends Checkpoint {
  readonly cosignedBy: readonly Cosigner[];
}

/**
 * Verifies a checkpoint's signed note: the log's signature, its origin, and cosignatures of enough
 * witnesses. A cosignature that is there and wrong is refused, whatever the threshold. Throws
 * `CHECKPOINT_OTHER_LOG`, `WITNESSES_MISSING`, and a TransparencyError for note and signatures.
 */
export async function verifyCheckpoint(note: string, trust: LogTrust): Promise<VerifiedCheckpoint> {
  const { logKey, witnesses = [], threshold = witnesses.length } = trust;
  if (!Number.isInteger(threshold) || threshold < 0) throw new TypeError("threshold is no count");
  const signed = parseNote(note);
  await verifyNote(signed, logKey);
  const checkpoint = parseCheckpoint(signed.text);
  if (checkpoint.origin !== logKey.name || checkpoint.extensions !== undefined) {
    throw new BallotError(
      "CHECKPOINT_OTHER_LOG",
      "checkpoint is not of the log whose key signed it",
    );
  }
  const cosignedBy = await cosignersOf(signed, witnesses);
  if (cosignedBy.length < threshold) {
    const message = `${cosignedBy.length} witnesses cosigned, ${threshold} needed`;
    throw new BallotError("WITNESSES_MISSING", message);
  }
  return { ...checkpoint, cosignedBy };
}

async function cosignersOf(
  note: SignedNote,
  witnesses: readonly VerifierKey[],
): Promise<readonly Cosigner[]> {
  const cosigners = new Map<string, Cosigner>();
  for (const witness of witnesses) {
    const cosigner = await cosignerOf(note, witness);
    // By key: one witness under two names is one witness.
    if (cosigner !== undefined) cosigners.set(witness.publicKey.join(), cosigner);
  }
  return [...cosigners.values()];
}

async function cosignerOf(note: SignedNote, witness: VerifierKey): Promise<Cosigner | undefined> {
  try {
    return { name: witness.name, ...(await verifyCosignature(note, witness)) };
  } catch (error) {
    if (error instanceof TransparencyError && error.code === "SIGNATURE_MISSING") return undefined;
    throw error;
  }
}
