import { EncodingError, equalBytes } from "@carrara/encoding";
import {
  type Certificate,
  commonNameOf,
  findExtension,
  isSignedBy,
  OID,
  PkiError,
  parseCertificate,
  parseExtendedKeyUsage,
} from "@carrara/pki";
import { CoordinatorError } from "../error.ts";
import { INTERMEDIATE_NAME } from "./authority.ts";
import type { CounterOwner } from "./counter.ts";
import type { MeshUser } from "./deployment.ts";
import { spkiOf } from "./elliptic-key.ts";
import { MARBLE_TYPE_OID } from "./marble-certificate.ts";
import type { MeshState } from "./state.ts";
import { canonicalUuid } from "./uuid.ts";

/**
 * The user whose certificate the client proved to own (section 2.2). Only the first certificate of
 * the chain counts: TLS proves the key of no other, and user certificates are public.
 * Throws `USER_UNAUTHORIZED`.
 */
export function authenticateUser(state: MeshState, certificate: Uint8Array | undefined): MeshUser {
  if (certificate === undefined) {
    throw new CoordinatorError("USER_UNAUTHORIZED", "unauthorized user: no client certificate");
  }
  const user = state.deployment?.users.find((known) => equalBytes(known.certificate, certificate));
  if (user === undefined) {
    throw new CoordinatorError(
      "USER_UNAUTHORIZED",
      "unauthorized user: unknown client certificate",
    );
  }
  return user;
}

/** The Marble that a certificate of the current Marble root names. Throws `MARBLE_UNAUTHORIZED`. */
export async function authenticateMarble(
  state: MeshState,
  certificate: Uint8Array | undefined,
  now: Date,
): Promise<CounterOwner> {
  if (certificate === undefined) return refuse("no client certificate");
  const parsed = parseOrRefuse(certificate);
  const { key } = state.authority.intermediate;
  const issued =
    commonNameOf(parsed.issuer) === INTERMEDIATE_NAME && (await isIssuedBy(parsed, spkiOf(key)));
  if (!issued) return refuse("certificate is not of this mesh");
  if (now < parsed.notBefore || now > parsed.notAfter)
    return refuse("certificate is not valid now");
  const usage = findExtension(parsed, OID.extendedKeyUsage);
  if (usage === undefined || !parseExtendedKeyUsage(usage.value).includes(OID.serverAuth)) {
    return refuse("certificate is not for servers");
  }
  const type = findExtension(parsed, MARBLE_TYPE_OID);
  if (type === undefined) return refuse("certificate names no marble type");
  return { marbleType: new TextDecoder().decode(type.value), uuid: uuidOf(parsed) };
}

/** A signature of another form than ours, or of none, is not by our key. */
async function isIssuedBy(certificate: Certificate, spki: Uint8Array): Promise<boolean> {
  try {
    return await isSignedBy(certificate, spki);
  } catch (cause) {
    if (cause instanceof PkiError || cause instanceof EncodingError) return false;
    throw cause;
  }
}

function uuidOf(certificate: Certificate): string {
  try {
    return canonicalUuid(commonNameOf(certificate.subject));
  } catch (cause) {
    if (!(cause instanceof CoordinatorError)) throw cause;
    return refuse("common name is no uuid", cause);
  }
}

function parseOrRefuse(bytes: Uint8Array): Certificate {
  try {
    return parseCertificate(bytes);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    return refuse("certificate cannot be read", cause);
  }
}

function refuse(why: string, cause?: Error): never {
  throw new CoordinatorError(
    "MARBLE_UNAUTHORIZED",
    `unauthorized marble: ${why}`,
    cause === undefined ? undefined : { cause },
  );
}
