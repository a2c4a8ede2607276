import type { CertificateTemplate, DistinguishedName } from "@carrara/manifest";
import {
  commonName,
  type Extension,
  extension,
  issueCertificate,
  keyIdentifier,
  type NameAttribute,
  OID,
  PkiError,
  randomSerial,
} from "@carrara/pki";
import { CoordinatorError } from "../error.ts";
import { type Authority, INTERMEDIATE_NAME } from "./authority.ts";
import { p384Signer } from "./elliptic-key.ts";
import {
  accessInformation,
  certificatePolicies,
  extendedKeyUsageOids,
  keyUsageOfMask,
  nameConstraints,
  oidText,
  subjectNames,
} from "./template-extensions.ts";

const DAY_MS = 86_400_000;
const DEFAULT_NAME = "MarbleRun Generated Certificate";
/** digitalSignature and certSign. */
const DEFAULT_KEY_USAGE = 1 | 32;
/** serverAuth and clientAuth. */
const DEFAULT_EXTENDED_KEY_USAGE = [1, 2];
/** Go's number for ECDSA-SHA384, the only one that fits the issuing key; 0 is unset. */
const ECDSA_WITH_SHA384 = 11;

/** What a certificate secret's certificate is made from. */
export interface SecretCertificateRequest {
  readonly name: string;
  readonly template: CertificateTemplate;
  readonly validForDays: number;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  readonly now: Date;
}

/**
 * Issues the certificate of a secret by its template (section 4.6): serial, start, issuer and key are
 * always the Coordinator's. Throws `SECRET_INVALID` for a template that has no certificate.
 */
export async function issueSecretCertificate(
  authority: Authority,
  request: SecretCertificateRequest,
): Promise<Uint8Array> {
  const { name, template, now } = request;
  if (template.signatureAlgorithm !== 0 && template.signatureAlgorithm !== ECDSA_WITH_SHA384) {
    throw new CoordinatorError(
      "SECRET_INVALID",
      `secret ${name}: signature algorithm does not fit`,
    );
  }
  try {
    return await issueCertificate(
      {
        serial: randomSerial(),
        issuer: commonName(INTERMEDIATE_NAME),
        subject: subjectOf(template),
        notBefore: now,
        notAfter: template.notAfter ?? new Date(now.getTime() + request.validForDays * DAY_MS),
        spki: request.spki,
        extensions: await extensionsOf(template, request.spki, authority.issuerKeyId),
      },
      p384Signer(authority.intermediate.key),
    );
  } catch (cause) {
    if (!(cause instanceof PkiError || cause instanceof CoordinatorError)) throw cause;
    throw new CoordinatorError("SECRET_INVALID", `secret ${name}: ${cause.message}`, { cause });
  }
}

function dnsNamesOf(template: CertificateTemplate): readonly string[] {
  return template.dnsNames.length > 0 ? template.dnsNames : ["localhost"];
}

function subjectOf({ subject, ...template }: CertificateTemplate): readonly NameAttribute[] {
  const [only = DEFAULT_NAME, ...others] = dnsNamesOf({ subject, ...template });
  const name = subject.commonName || (others.length === 0 ? only : DEFAULT_NAME);
  const usual = namedAttributes({ ...subject, commonName: name });
  const extra = subject.extraNames.map(({ type, value }) => ({ type: oidText(type), value }));
  const replaced = new Set(extra.map(({ type }) => type));
  return [...usual.filter(({ type }) => !replaced.has(type)), ...extra];
}

function namedAttributes(subject: DistinguishedName): readonly NameAttribute[] {
  const lists: readonly (readonly [string, readonly string[]])[] = [
    [OID.country, subject.country],
    [OID.organization, subject.organization],
    [OID.organizationalUnit, subject.organizationalUnit],
    [OID.locality, subject.locality],
    [OID.province, subject.province],
    [OID.streetAddress, subject.streetAddress],
    [OID.postalCode, subject.postalCode],
    [OID.commonName, [subject.commonName]],
    [OID.serialNumber, subject.serialNumber === "" ? [] : [subject.serialNumber]],
  ];
  return lists.flatMap(([type, values]) => values.map((value) => ({ type, value })));
}

async function extensionsOf(
  template: CertificateTemplate,
  spki: Uint8Array,
  issuerKeyId: Uint8Array,
): Promise<readonly Extension[]> {
  const usage = template.keyUsage === 0 ? DEFAULT_KEY_USAGE : template.keyUsage;
  const purposes = template.extKeyUsage.length + template.unknownExtKeyUsage.length;
  const known = purposes > 0 ? template.extKeyUsage : DEFAULT_EXTENDED_KEY_USAGE;
  const keyId =
    template.subjectKeyId.length > 0
      ? template.subjectKeyId
      : template.isCa
        ? await keyIdentifier(spki)
        : undefined;
  const ipAddresses = template.ipAddresses.length > 0 ? template.ipAddresses : ["127.0.0.1", "::1"];
  const extra = template.extraExtensions.map(({ id, critical, value }) => ({
    oid: oidText(id),
    critical,
    value,
  }));
  const own = [
    extension.keyUsage(...keyUsageOfMask(usage)),
    extension.extendedKeyUsage(...extendedKeyUsageOids(known, template.unknownExtKeyUsage)),
    basicConstraints(template),
    ...(keyId === undefined ? [] : [extension.subjectKeyIdentifier(keyId)]),
    extension.authorityKeyIdentifier(issuerKeyId),
    ...accessInformation(template),
    subjectNames({ ...template, dnsNames: dnsNamesOf(template), ipAddresses }),
    ...certificatePolicies(template),
    ...nameConstraints(template),
    ...template.crlDistributionPoints.slice(0, 1).map(extension.crlDistributionPoint),
  ];
  // As in Go, an extension given by hand takes the place of the computed one.
  return [...own.filter(({ oid }) => !extra.some((other) => other.oid === oid)), ...extra];
}

function basicConstraints({ isCa, maxPathLen, maxPathLenZero }: CertificateTemplate): Extension {
  if (maxPathLen < 0 || (!isCa && (maxPathLen > 0 || maxPathLenZero))) {
    throw new CoordinatorError("SECRET_INVALID", "only a ca has a path length, at least 0");
  }
  return maxPathLen > 0 || maxPathLenZero
    ? extension.basicConstraints(isCa, maxPathLen)
    : extension.basicConstraints(isCa);
}
