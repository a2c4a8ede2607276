import { constants, createHash, createPublicKey, type KeyObject, publicEncrypt } from "node:crypto";
import { parsePem, toHex } from "@carrara/encoding";
import type { Manifest } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import { splitSecret } from "./shamir.ts";

/** Length of the data encryption key, in bytes. */
export const DATA_KEY_BYTES = 32;

/** The data encryption key of a new state and who can restore it. */
export interface RecoveryMaterial {
  readonly dataKey: Uint8Array;
  /** Secrets encrypted to the recovery keys, by their names. */
  readonly encryptedSecrets: ReadonlyMap<string, Uint8Array>;
  /** Hex SHA-256 of each plain secret; empty with fewer than two recovery keys. */
  readonly secretHashes: readonly string[];
}

/**
 * Makes the data key and the secrets of section 8.4. Throws `RECOVERY_KEY_INVALID` for a recovery
 * key that is no RSA public key.
 */
export function createRecoveryMaterial(
  manifest: Pick<Manifest, "recoveryKeys" | "config">,
  randomBytes: (length: number) => Uint8Array,
): RecoveryMaterial {
  const keys = [...manifest.recoveryKeys].map(
    ([name, pem]) => [name, readRecoveryKey(name, pem)] as const,
  );
  const { dataKey, secrets } = splitDataKey(
    keys.length,
    manifest.config.recoveryThreshold,
    randomBytes,
  );
  const encrypted = keys.map(
    ([name, key], index) => [name, encryptSecret(name, key, secrets[index] ?? dataKey)] as const,
  );
  return {
    dataKey,
    encryptedSecrets: new Map(encrypted),
    secretHashes: keys.length < 2 ? [] : secrets.map(secretHash),
  };
}

/** Hex SHA-256 of a plain recovery secret. */
export function secretHash(secret: Uint8Array): string {
  return toHex(createHash("sha256").update(secret).digest());
}

/** The RSA key of a `PUBLIC KEY` block. Throws `RECOVERY_KEY_INVALID`. */
export function readRecoveryKey(name: string, pem: string): KeyObject {
  try {
    const [block] = parsePem(pem);
    if (block?.label !== "PUBLIC KEY") throw new TypeError("first block is not PUBLIC KEY");
    const key = createPublicKey({ key: Buffer.from(block.bytes), format: "der", type: "spki" });
    if (key.asymmetricKeyType !== "rsa") throw new TypeError("not an RSA key");
    return key;
  } catch (cause) {
    throw new CoordinatorError(
      "RECOVERY_KEY_INVALID",
      `recovery key ${name} is no RSA public key in PEM`,
      { cause },
    );
  }
}

function splitDataKey(
  count: number,
  threshold: number,
  randomBytes: (length: number) => Uint8Array,
): { dataKey: Uint8Array; secrets: readonly Uint8Array[] } {
  if (count >= 2 && (threshold === 0 || threshold === count)) {
    const secrets = Array.from({ length: count }, () => randomBytes(DATA_KEY_BYTES));
    return { dataKey: xorAll(secrets), secrets };
  }
  const dataKey = randomBytes(DATA_KEY_BYTES);
  if (count >= 2) return { dataKey, secrets: splitSecret(dataKey, count, threshold, randomBytes) };
  return { dataKey, secrets: count === 1 ? [dataKey] : [] };
}

/** The XOR of values of one length. */
export function xorAll(values: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0), ...others] = values;
  return first.map((byte, i) => others.reduce((sum, other) => sum ^ (other[i] ?? 0), byte));
}

function encryptSecret(name: string, key: KeyObject, secret: Uint8Array): Uint8Array {
  try {
    return publicEncrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" },
      secret,
    );
  } catch (cause) {
    throw new CoordinatorError("RECOVERY_KEY_INVALID", `recovery key ${name} is too small`, {
      cause,
    });
  }
}
