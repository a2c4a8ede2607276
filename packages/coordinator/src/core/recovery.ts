import { verify } from "node:crypto";
import type { Manifest } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { DATA_KEY_BYTES, readRecoveryKey, secretHash, xorAll } from "./recovery-secrets.ts";
import { combineShares } from "./shamir.ts";

/** Length of a Shamir share: 32 y bytes and x. */
const SHARE_BYTES = DATA_KEY_BYTES + 1;

/** A plain recovery secret and the signature that came with it. */
export interface RecoverySubmission {
  readonly secret: Uint8Array;
  /** RSASSA-PKCS1-v1_5 with SHA-256 over the secret, by the recovery key's owner. */
  readonly signature: Uint8Array;
}

/** What one more secret leads to. */
export interface RecoveryProgress {
  /** Secrets to carry to the next call. */
  readonly given: readonly RecoverySubmission[];
  /** Secrets that are still missing, as far as can be told (section 8.5). */
  readonly remaining: number;
  /** A data key that decrypts the state. */
  readonly dataKey: Uint8Array | undefined;
}

/** Hex hashes of the secrets that exist, or none where there is at most one recovery key. */
export type RecoveryHashes = readonly string[];

/**
 * Takes one more secret (section 8.5). `decrypts` says whether a key opens the state. A wrong single
 * key is no error but leaves one remaining, as clients expect. Throws `RECOVERY_SECRET_INVALID`.
 */
export function submitRecoverySecret(
  given: readonly RecoverySubmission[],
  submission: RecoverySubmission,
  hashes: RecoveryHashes,
  decrypts: (dataKey: Uint8Array) => boolean,
): RecoveryProgress {
  const { secret } = submission;
  if (hashes.length === 0) return submitSingleKey(submission, decrypts);
  requireUnused(given, secret, hashes);
  const all = [...given, submission];
  const secrets = all.map((each) => each.secret);
  const remaining = hashes.length - all.length;
  if (secret.length !== SHARE_BYTES) {
    if (remaining > 0) return { given: all, remaining, dataKey: undefined };
    return finished(all, xorAll(secrets), decrypts);
  }
  const dataKey = all.length < 2 ? undefined : combineShares(secrets);
  if (dataKey !== undefined && decrypts(dataKey)) return { given: all, remaining: 0, dataKey };
  if (remaining > 0) return { given: all, remaining, dataKey: undefined };
  throw new CoordinatorError("RECOVERY_SECRET_INVALID", "the shares do not restore the key");
}

function submitSingleKey(
  submission: RecoverySubmission,
  decrypts: (dataKey: Uint8Array) => boolean,
): RecoveryProgress {
  const { secret } = submission;
  if (secret.length !== DATA_KEY_BYTES) {
    throw new CoordinatorError(
      "RECOVERY_SECRET_INVALID",
      `recovery secret has ${secret.length} bytes, ${DATA_KEY_BYTES} needed`,
    );
  }
  return decrypts(secret)
    ? { given: [submission], remaining: 0, dataKey: secret }
    : { given: [], remaining: 1, dataKey: undefined };
}

function finished(
  given: readonly RecoverySubmission[],
  dataKey: Uint8Array,
  decrypts: (dataKey: Uint8Array) => boolean,
): RecoveryProgress {
  if (decrypts(dataKey)) return { given, remaining: 0, dataKey };
  throw new CoordinatorError("RECOVERY_SECRET_INVALID", "the secrets do not restore the key");
}

function requireUnused(
  given: readonly RecoverySubmission[],
  secret: Uint8Array,
  hashes: RecoveryHashes,
): void {
  const hash = secretHash(secret);
  const used = given.some((earlier) => secretHash(earlier.secret) === hash);
  if (used || !hashes.includes(hash)) {
    throw new CoordinatorError(
      "RECOVERY_SECRET_INVALID",
      "recovery secret is not one of this state, or was already used",
    );
  }
}

/**
 * Checks that the owners of the recovery keys submitted the secrets: knowing the data key is not
 * enough (section 8.5). Throws `RECOVERY_SIGNATURE_INVALID`.
 */
export function requireRecoverySignatures(
  manifest: Pick<Manifest, "recoveryKeys" | "config">,
  given: readonly RecoverySubmission[],
): void {
  const keys = [...manifest.recoveryKeys].map(([name, pem]) => readRecoveryKey(name, pem));
  const threshold = manifest.config.recoveryThreshold;
  const needed = threshold === 0 ? keys.length : threshold;
  const signers = new Set<number>();
  for (const { secret, signature } of given) {
    const index = keys.findIndex(
      (key, i) => !signers.has(i) && verify("sha256", secret, key, signature),
    );
    if (index !== -1) signers.add(index);
  }
  if (given.length !== needed || signers.size !== needed) {
    throw new CoordinatorError(
      "RECOVERY_SIGNATURE_INVALID",
      `${signers.size} of ${given.length} signatures are by recovery keys, ${needed} needed`,
    );
  }
}
