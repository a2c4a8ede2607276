import { constants, generateKeyPair, type KeyObject, privateDecrypt } from "node:crypto";
import { promisify } from "node:util";
import {
  type RecoveryProgress,
  type RecoverySubmission,
  submitRecoverySecret,
} from "./core/recovery.ts";
import { CoordinatorError } from "./error.ts";
import { parseRecoveryHashes } from "./sealer.ts";
import { openState, recoveryDataOf } from "./store/sealing.ts";
import { requireNotOlder } from "./store/unseal.ts";

const generate = promisify(generateKeyPair);
const EPHEMERAL_BITS = 4096;
/** Lengths of secrets that are plain; anything else is taken as ciphertext (section 8.5). */
const PLAIN_LENGTHS: ReadonlySet<number> = new Set([16, 32, 33]);

/** A data key that opens the sealed state, and who submitted it. */
interface RecoveredState {
  readonly dataKey: Uint8Array;
  readonly plain: Uint8Array;
  /** Of the commit that wrote it. */
  readonly number: number;
  readonly given: readonly RecoverySubmission[];
  readonly hashes: readonly string[];
}

/** One attempt to unlock a sealed state, over several requests. */
export interface RecoverySession {
  /** SubjectPublicKeyInfo of the key that secrets may be encrypted to; made at the first call. */
  publicKey(): Promise<Uint8Array>;
  /**
   * Takes one secret, plain or encrypted. Throws `RECOVERY_SECRET_UNDECRYPTABLE`,
   * `RECOVERY_SECRET_INVALID`, and `STATE_ROLLED_BACK` when the state is older than one committed here.
   */
  submit(submission: RecoverySubmission): Promise<{
    readonly remaining: number;
    readonly recovered: RecoveredState | undefined;
  }>;
  /** Forgets the secrets given so far, after a refusal of all of them together. */
  reset(): void;
}

/** The state a session is about. */
export interface LockedState {
  /** Bytes of `sealed_data`. */
  readonly data: Uint8Array;
  /** The lowest commit number that may come back. */
  readonly witnessed: number;
}

/** Starts a session over a sealed state that nobody here can open. */
export function createRecoverySession({ data, witnessed }: LockedState): RecoverySession {
  let given: readonly RecoverySubmission[] = [];
  let ephemeral: Promise<{ publicKey: KeyObject; privateKey: KeyObject }> | undefined;

  const decryptSecret = async (secret: Uint8Array): Promise<Uint8Array> => {
    if (PLAIN_LENGTHS.has(secret.length)) return secret;
    const pair = await ephemeral;
    if (pair === undefined) throw undecryptable();
    try {
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      return privateDecrypt({ key: pair.privateKey, padding, oaepHash: "sha256" }, secret);
    } catch (cause) {
      throw undecryptable(cause);
    }
  };

  return {
    publicKey: async () => {
      ephemeral ??= generate("rsa", { modulusLength: EPHEMERAL_BITS });
      return (await ephemeral).publicKey.export({ type: "spki", format: "der" });
    },
    submit: async ({ secret, signature }) => {
      const hashes = parseRecoveryHashes(recoveryDataOf(data));
      const plainSecret = await decryptSecret(secret);
      const progress: RecoveryProgress = submitRecoverySecret(
        given,
        { secret: plainSecret, signature },
        hashes,
        (dataKey) => openState(data, dataKey) !== undefined,
      );
      given = progress.given;
      const { dataKey, remaining } = progress;
      const opened = dataKey === undefined ? undefined : openState(data, dataKey);
      if (dataKey === undefined || opened === undefined) return { remaining, recovered: undefined };
      requireNotOlder(opened.number, witnessed);
      return { remaining, recovered: { dataKey, ...opened, given: progress.given, hashes } };
    },
    reset: () => {
      given = [];
    },
  };
}

function undecryptable(cause?: unknown): CoordinatorError {
  return new CoordinatorError(
    "RECOVERY_SECRET_UNDECRYPTABLE",
    "recovery secret is neither plain nor encrypted to the current public key",
    { cause },
  );
}
