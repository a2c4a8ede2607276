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

const generate = promisify(generateKeyPair);
const EPHEMERAL_BITS = 4096;
/** Lengths of secrets that are plain; anything else is taken as ciphertext (section 8.5). */
const PLAIN_LENGTHS: ReadonlySet<number> = new Set([16, 32, 33]);

/** A data key that opens the sealed state, and who submitted it. */
interface RecoveredState {
  readonly dataKey: Uint8Array;
  readonly plain: Uint8Array;
  readonly given: readonly RecoverySubmission[];
  readonly hashes: readonly string[];
}

/** One attempt to unlock a sealed state, over several requests. */
export interface RecoverySession {
  /** SubjectPublicKeyInfo of the key that secrets may be encrypted to; made at the first call. */
  publicKey(): Promise<Uint8Array>;
  /**
   * Takes one secret, plain or encrypted. Throws `RECOVERY_SECRET_UNDECRYPTABLE`,
   * `RECOVERY_SECRET_INVALID`.
   */
  submit(submission: RecoverySubmission): Promise<{
    readonly remaining: number;
    readonly recovered: RecoveredState | undefined;
  }>;
  /** Forgets the secrets given so far, after a refusal of all of them together. */
  reset(): void;
}

/** Starts a session over the bytes of `sealed_data`. */
export function createRecoverySession(data: Uint8Array): RecoverySession {
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
      const plain = dataKey === undefined ? undefined : openState(data, dataKey);
      const recovered =
        dataKey === undefined || plain === undefined
          ? undefined
          : { dataKey, plain, given: progress.given, hashes };
      return { remaining, recovered };
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
