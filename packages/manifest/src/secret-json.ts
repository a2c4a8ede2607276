import { type GoDecoder, goBool, goNullable, goObject, goString } from "./go-json.ts";
import type { GoJsonValue } from "./go-json-encode.ts";
import { goBytes, goUint } from "./go-json-scalars.ts";
import type { SecretValue } from "./secret-value.ts";

/** An uploaded value of a user-defined secret (section 2.6): `key`, or a certificate and its private key. */
export interface UserSecret {
  /** DER. */
  readonly cert?: Uint8Array | undefined;
  /** PKCS#8. */
  readonly private?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
}

/** Reads a secret as a Coordinator stores it and gives it out (spec marblerun section 2.6). */
export const secretDecoder: GoDecoder<SecretValue> = goObject({
  type: goString,
  size: goUint,
  shared: goBool,
  userDefined: goBool,
  cert: goNullable(goBytes),
  validFor: goUint,
  private: goNullable(goBytes),
  public: goNullable(goBytes),
});

/** The form that {@link secretDecoder} reads. Holds the value. */
export function secretJson(secret: SecretValue): GoJsonValue {
  return {
    Type: secret.type,
    Size: secret.size,
    Shared: secret.shared,
    UserDefined: secret.userDefined,
    Cert: secret.cert ?? null,
    ValidFor: secret.validFor,
    Private: secret.private ?? null,
    Public: secret.public ?? null,
  };
}

/** Reads an uploaded value. */
export const userSecretDecoder: GoDecoder<UserSecret> = goObject({
  cert: goNullable(goBytes),
  private: goNullable(goBytes),
  key: goNullable(goBytes),
});

/** The form that {@link userSecretDecoder} reads. Holds the value. */
export function userSecretJson({ cert, private: pkcs8, key }: UserSecret): GoJsonValue {
  return { Cert: cert ?? null, Private: pkcs8 ?? null, Key: key ?? null };
}
