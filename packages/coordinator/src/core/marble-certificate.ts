import { utf8 } from "@carrara/encoding";
import {
  type CertificateRequest,
  commonName,
  extension,
  issueCertificate,
  longestValidity,
  OID,
  randomSerial,
} from "@carrara/pki";
import { type Authority, INTERMEDIATE_NAME } from "./authority.ts";
import { type EncodedKey, generateEncodedP384Key, p384Signer } from "./elliptic-key.ts";

/** Extension of Marble certificates whose value is the raw UTF-8 of the Marble type (section 3.5). */
export const MARBLE_TYPE_OID = "1.3.9903.2.1";

/** A Marble's leaf certificate and the key the Coordinator made for it. */
export interface MarbleCredentials extends EncodedKey {
  readonly certificate: Uint8Array;
}

/**
 * Issues the leaf of section 3.5 with a fresh key. Subject and names come from the request, except
 * that the common name becomes `uuid` and the organization goes.
 */
export async function issueMarbleCertificate(
  authority: Authority,
  request: CertificateRequest,
  { uuid, marbleType, now }: { uuid: string; marbleType: string; now: Date },
): Promise<MarbleCredentials> {
  const key = await generateEncodedP384Key();
  const kept = request.subject.filter(
    ({ type }) => type !== OID.commonName && type !== OID.organization,
  );
  const named = request.dnsNames.length + request.ipAddresses.length > 0;
  const certificate = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName(INTERMEDIATE_NAME),
      subject: [...kept, ...commonName(uuid)],
      ...longestValidity(now),
      spki: key.spki,
      extensions: [
        extension.keyUsage("digitalSignature", "keyAgreement"),
        extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth),
        extension.basicConstraints(false),
        extension.authorityKeyIdentifier(authority.issuerKeyId),
        ...(named ? [extension.subjectAlternativeName(request)] : []),
        { oid: MARBLE_TYPE_OID, critical: false, value: utf8(marbleType) },
      ],
    },
    p384Signer(authority.intermediate.key),
  );
  return { ...key, certificate };
}
