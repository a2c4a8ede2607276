import type { KeyObject } from "node:crypto";
import {
  type AlternativeNames,
  commonName,
  type Extension,
  extension,
  issueCertificate,
  keyIdentifier,
  longestValidity,
  OID,
  parseAlternativeNames,
  parseCertificate,
  randomSerial,
} from "@carrara/pki";
import { generateP384Key, p384Signer, spkiOf } from "./elliptic-key.ts";

/** Common name of the Coordinator root certificate (section 1.5). */
const ROOT_NAME = "MarbleRun Coordinator";
/** Common name that the intermediate and the Marble root share. */
export const INTERMEDIATE_NAME = "MarbleRun Coordinator - Intermediate CA";

/** A DER certificate with its private key. */
interface CertifiedKey {
  readonly certificate: Uint8Array;
  readonly key: KeyObject;
}

/** The three certificates of a mesh; the Marble root has the key of the intermediate. */
export interface Authority {
  readonly root: CertifiedKey;
  readonly intermediate: CertifiedKey;
  /** DER, self-signed by the intermediate's key. */
  readonly marbleRoot: Uint8Array;
  /** SubjectKeyId of intermediate and Marble root: what leaves name as their issuer's. */
  readonly issuerKeyId: Uint8Array;
}

/** Makes a root, an intermediate and a Marble root with fresh keys. */
export async function createAuthority(names: AlternativeNames, now: Date): Promise<Authority> {
  const key = await generateP384Key();
  const spki = spkiOf(key);
  const keyId = await keyIdentifier(spki);
  const certificate = await issueAuthority(
    { subject: ROOT_NAME, issuer: ROOT_NAME, spki, keyId, names, now },
    key,
  );
  return await issueIntermediate({ certificate, key }, now);
}

/**
 * The same mesh with a new intermediate and Marble root, as after each update (section 1.5). All
 * names of the root stay, where upstream drops the IP addresses on a package update.
 */
export async function rotateIntermediate({ root }: Authority, now: Date): Promise<Authority> {
  return await issueIntermediate(root, now);
}

/** Makes a new intermediate and Marble root under `root`, with the names of the root. */
async function issueIntermediate(root: CertifiedKey, now: Date): Promise<Authority> {
  const key = await generateP384Key();
  const spki = spkiOf(key);
  const keyId = await keyIdentifier(spki);
  const names = alternativeNamesOf(root.certificate);
  const common = { subject: INTERMEDIATE_NAME, spki, keyId, names, now };
  const marbleRoot = await issueAuthority({ ...common, issuer: INTERMEDIATE_NAME }, key);
  const certificate = await issueAuthority(
    { ...common, issuer: ROOT_NAME, authorityKeyId: await keyIdentifier(spkiOf(root.key)) },
    root.key,
  );
  return { root, intermediate: { certificate, key }, marbleRoot, issuerKeyId: keyId };
}

interface AuthorityRequest {
  readonly subject: string;
  readonly issuer: string;
  readonly spki: Uint8Array;
  readonly keyId: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
  readonly names: AlternativeNames;
  readonly now: Date;
}

async function issueAuthority(request: AuthorityRequest, signer: KeyObject): Promise<Uint8Array> {
  const authorityKeyId: Extension[] =
    request.authorityKeyId === undefined
      ? []
      : [extension.authorityKeyIdentifier(request.authorityKeyId)];
  return await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName(request.issuer),
      subject: commonName(request.subject),
      ...longestValidity(request.now),
      spki: request.spki,
      extensions: [
        extension.keyUsage("digitalSignature", "keyCertSign"),
        extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth),
        extension.basicConstraints(true),
        extension.subjectKeyIdentifier(request.keyId),
        ...authorityKeyId,
        extension.subjectAlternativeName(request.names),
      ],
    },
    p384Signer(signer),
  );
}

function alternativeNamesOf(certificate: Uint8Array): AlternativeNames {
  const found = parseCertificate(certificate).extensions.find(
    ({ oid }) => oid === OID.subjectAlternativeName,
  );
  return found === undefined
    ? { dnsNames: [], ipAddresses: [] }
    : parseAlternativeNames(found.value);
}

/** The names of the CA certificates: DNS names in order, the loopback addresses, then the others. */
export function authorityNames(
  dnsNames: readonly string[],
  ipAddresses: readonly string[],
): AlternativeNames {
  return { dnsNames, ipAddresses: ["127.0.0.1", "::1", ...ipAddresses] };
}
