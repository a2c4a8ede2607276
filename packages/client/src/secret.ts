import {
  type GoDecoder,
  type GoJsonValue,
  goMap,
  ManifestError,
  readGoJson,
  type SecretValue,
  secretDecoder,
  secretJson,
  type UserSecret,
  userSecretDecoder,
  userSecretJson,
} from "@carrara/manifest";
import { ClientError } from "./error.ts";

/** Reads `{name: Secret}`. */
export const secretsDecoder: GoDecoder<ReadonlyMap<string, SecretValue>> = goMap(secretDecoder);

const userSecrets = goMap(userSecretDecoder);

/** Reads a file of `{name: {Cert, Private, Key}}`, values in base64. Throws `SECRETS_INVALID`. */
export function parseUserSecrets(bytes: Uint8Array): ReadonlyMap<string, UserSecret> {
  try {
    return readGoJson(bytes, userSecrets, "whole");
  } catch (cause) {
    if (!(cause instanceof ManifestError)) throw cause;
    throw new ClientError("SECRETS_INVALID", `secrets: ${cause.message}`, { cause });
  }
}

/** The wire form of uploaded values. */
export function userSecretsJson(secrets: ReadonlyMap<string, UserSecret>): GoJsonValue {
  return new Map([...secrets].map(([name, secret]) => [name, userSecretJson(secret)]));
}

/** The wire form of secrets that were read, for files and JSON documents. Holds the values. */
export function secretsJson(secrets: ReadonlyMap<string, SecretValue>): GoJsonValue {
  return new Map([...secrets].map(([name, secret]) => [name, secretJson(secret)]));
}
