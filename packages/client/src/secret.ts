import {
  type GoJsonValue,
  goBool,
  goBytes,
  goMap,
  goNullable,
  goObject,
  goString,
  goUint,
  ManifestError,
  readGoJson,
} from "@carrara/manifest";
import { ClientError } from "./error.ts";

/** A secret as the Coordinator gives it out (spec marblerun section 2.6). */
export interface Secret {
  readonly type: string;
  /** Bits. */
  readonly size: number;
  readonly shared: boolean;
  readonly userDefined: boolean;
  /** DER; undefined for keys, and for what was not uploaded yet. */
  readonly cert: Uint8Array | undefined;
  /** Days. */
  readonly validFor: number;
  /** PKCS#8, or the value itself. Secret. */
  readonly private: Uint8Array | undefined;
  /** SubjectPublicKeyInfo, or the value itself. Secret where it is the value. */
  readonly public: Uint8Array | undefined;
}

/** A value for a user-defined secret (section 2.6): `key`, or a certificate and its private key. */
export interface UserSecret {
  /** DER. */
  readonly cert?: Uint8Array | undefined;
  /** PKCS#8. */
  readonly private?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
}

/** Reads `{name: Secret}`. */
export const secretsDecoder: ReturnType<typeof goMap<Secret>> = goMap(
  goObject({
    type: goString,
    size: goUint,
    shared: goBool,
    userDefined: goBool,
    cert: goNullable(goBytes),
    validFor: goUint,
    private: goNullable(goBytes),
    public: goNullable(goBytes),
  }),
);

const userSecrets = goMap(
  goObject({
    cert: goNullable(goBytes),
    private: goNullable(goBytes),
    key: goNullable(goBytes),
  }),
);

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
  const fields = ({ cert, private: key, key: value }: UserSecret) => ({
    Cert: cert ?? null,
    Private: key ?? null,
    Key: value ?? null,
  });
  return new Map([...secrets].map(([name, secret]) => [name, fields(secret)]));
}

/** The wire form of secrets that were read, for files and JSON documents. Holds the values. */
export function secretsJson(secrets: ReadonlyMap<string, Secret>): GoJsonValue {
  const fields = (secret: Secret) => ({
    Type: secret.type,
    Size: secret.size,
    Shared: secret.shared,
    UserDefined: secret.userDefined,
    Cert: secret.cert ?? null,
    ValidFor: secret.validFor,
    Private: secret.private ?? null,
    Public: secret.public ?? null,
  });
  return new Map([...secrets].map(([name, secret]) => [name, fields(secret)]));
}
