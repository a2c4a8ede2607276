import { EncodingError, equalBytes } from "@carrara/encoding";
import {
  type Certificate,
  commonNameOf,
  findExtension,
  isSignedBy,
  OID,
  PkiError,
  parseBasicConstraints,
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
  return await ownerOfLeaf(certificate, spkiOf(state.authority.intermediate.key), now);
}

/**
 * The Marble of a certificate that may be of an earlier intermediate of this mesh, which proves that
 * the root signed it: what is running since before an update. Throws `MARBLE_UNAUTHORIZED`.
 */
export async function authenticateEarlierMarble(
  state: MeshState,
  { leaf, intermediate }: { readonly leaf: Uint8Array; readonly intermediate: Uint8Array },
  now: Date,
): Promise<CounterOwner> {
  const issuer = parseOrRefuse(intermediate);
  const issued =
    commonNameOf(issuer.subject) === INTERMEDIATE_NAME &&
    (await isIssuedBy(issuer, spkiOf(state.authority.root.key)));
  if (!issued) return refuse("intermediate is not of this mesh");
  if (now < issuer.notBefore || now > issuer.notAfter)
    return refuse("intermediate is not valid now");
  const constraints = findExtension(issuer, OID.basicConstraints);
  if (constraints === undefined || !parseBasicConstraints(constraints.value).ca) {
    return refuse("intermediate is no authority");
  }
  return await ownerOfLeaf(leaf, issuer.spki, now);
}

async function ownerOfLeaf(
  certificate: Uint8Array,
  issuerSpki: Uint8Array,
  now: Date,
): Promise<CounterOwner> {
  const parsed = parseOrRefuse(certificate);
  const issued =
    commonNameOf(parsed.issuer) === INTERMEDIATE_NAME && (await isIssuedBy(parsed, issuerSpki));
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
