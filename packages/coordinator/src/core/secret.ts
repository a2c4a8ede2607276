import type { SecretDefinition, SecretValue } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";
import type { Authority } from "./authority.ts";
import { pkcs8Of, spkiOf } from "./elliptic-key.ts";
import { issueSecretCertificate } from "./secret-certificate.ts";
import { deriveMarbleKey } from "./secret-derivation.ts";
import { generateSecretKey } from "./secret-key.ts";

/** Days a certificate lasts when its definition does not say (section 4.6). */
const DEFAULT_VALID_FOR_DAYS = 365;
/** Largest random key, in bytes: as much as a derived one may have. */
const MAX_KEY_BYTES = 8160;

/** A secret with its value; absent values are a user-defined secret not yet uploaded. */
export type Secret = SecretValue;

/** What generating secrets needs. */
export interface SecretContext {
  readonly authority: Authority;
  readonly now: Date;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** For whom per-Marble secrets are made. */
export interface MarbleIdentity {
  readonly marbleType: string;
  readonly uuid: string;
  readonly rootSecret: Uint8Array;
  readonly disableSecretBinding: boolean;
}

/** A user-defined secret without value. */
export function unsetSecret(definition: SecretDefinition): Secret {
  const { type, size, shared, userDefined, validFor } = definition;
  return {
    type,
    size,
    shared,
    userDefined,
    validFor,
    cert: undefined,
    private: undefined,
    public: undefined,
  };
}

/** Makes the value of a shared secret. Throws `SECRET_INVALID`. */
export async function generateSecret(
  name: string,
  definition: SecretDefinition,
  context: SecretContext,
): Promise<Secret> {
  if (definition.type !== "symmetric-key") {
    return await generateCertificateSecret(name, definition, context);
  }
  return keySecret(definition, context.randomBytes(keyBytesOf(name, definition)));
}

/** Makes one Marble's own value: derived for keys, fresh for certificates. Throws `SECRET_INVALID`. */
export async function generateMarbleSecret(
  name: string,
  definition: SecretDefinition,
  identity: MarbleIdentity,
  context: SecretContext,
): Promise<Secret> {
  if (definition.type !== "symmetric-key") {
    return await generateCertificateSecret(name, definition, context);
  }
  return keySecret(
    definition,
    deriveMarbleKey({
      rootSecret: identity.rootSecret,
      uuid: identity.uuid,
      name,
      marbleType: identity.disableSecretBinding ? "" : identity.marbleType,
      lengthBytes: keyBytesOf(name, definition),
    }),
  );
}

/** Bytes of a symmetric key. Throws `SECRET_INVALID` unless its bits are whole bytes. */
export function keyBytesOf(name: string, { size }: Pick<SecretDefinition, "size">): number {
  if (size === 0 || size % 8 !== 0 || size / 8 > MAX_KEY_BYTES) {
    throw new CoordinatorError(
      "SECRET_INVALID",
      `secret ${name}: ${size} bits, needs a multiple of 8 up to ${MAX_KEY_BYTES * 8}`,
    );
  }
  return size / 8;
}

function keySecret(definition: SecretDefinition, key: Uint8Array): Secret {
  return { ...unsetSecret(definition), private: key, public: key };
}

async function generateCertificateSecret(
  name: string,
  definition: SecretDefinition,
  { authority, now }: SecretContext,
): Promise<Secret> {
  if (definition.type === "plain") {
    throw new CoordinatorError("SECRET_INVALID", `secret ${name}: plain and not user-defined`);
  }
  const key = await generateSecretKey(name, definition.type, definition.size);
  const spki = spkiOf(key);
  const template = definition.cert;
  const validForDays = definition.validFor === 0 ? DEFAULT_VALID_FOR_DAYS : definition.validFor;
  const request = { name, template, validForDays, spki, now };
  return {
    ...unsetSecret(definition),
    validFor: template.notAfter === undefined ? validForDays : definition.validFor,
    cert: await issueSecretCertificate(authority, request),
    private: pkcs8Of(key),
    public: spki,
  };
}
