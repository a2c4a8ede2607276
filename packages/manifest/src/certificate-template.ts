import { type GoDecoder, goArray, goBool, goNullable, goObject, goString } from "./go-json.ts";
import { goBytes, goInt, goTime } from "./go-json-scalars.ts";

/** One attribute of a name outside the usual ones: an OID as numbers and its text. */
export interface NameAttribute {
  readonly type: readonly number[];
  readonly value: string;
}

/** Go `pkix.Name`. Empty strings and arrays are unset. */
export interface DistinguishedName {
  readonly commonName: string;
  readonly serialNumber: string;
  readonly country: readonly string[];
  readonly organization: readonly string[];
  readonly organizationalUnit: readonly string[];
  readonly locality: readonly string[];
  readonly province: readonly string[];
  readonly streetAddress: readonly string[];
  readonly postalCode: readonly string[];
  readonly extraNames: readonly NameAttribute[];
}

/** Go `url.URL`, as far as a subject alternative name shows it. */
export interface UrlParts {
  readonly scheme: string;
  readonly opaque: string;
  readonly host: string;
  readonly path: string;
  readonly rawPath: string;
  readonly forceQuery: boolean;
  readonly rawQuery: string;
  readonly fragment: string;
}

/** Go `net.IPNet`: address text and mask bytes. */
export interface IpRange {
  readonly ip: string;
  readonly mask: Uint8Array;
}

/** Go `pkix.Extension`. */
export interface CertificateExtension {
  readonly id: readonly number[];
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/**
 * The fields of Go's `x509.Certificate` that shape a certificate made from a template (spec
 * marblerun section 4.6). Empty strings and arrays, 0 and `undefined` are unset.
 */
export interface CertificateTemplate {
  readonly subject: DistinguishedName;
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly UrlParts[];
  /** Bit mask: 1 digitalSignature … 256 decipherOnly. */
  readonly keyUsage: number;
  readonly extKeyUsage: readonly number[];
  readonly unknownExtKeyUsage: readonly (readonly number[])[];
  readonly policyIdentifiers: readonly (readonly number[])[];
  readonly notAfter: Date | undefined;
  readonly isCa: boolean;
  readonly maxPathLen: number;
  readonly maxPathLenZero: boolean;
  readonly permittedDnsDomainsCritical: boolean;
  readonly permittedDnsDomains: readonly string[];
  readonly excludedDnsDomains: readonly string[];
  readonly permittedIpRanges: readonly IpRange[];
  readonly excludedIpRanges: readonly IpRange[];
  readonly permittedEmailAddresses: readonly string[];
  readonly excludedEmailAddresses: readonly string[];
  readonly permittedUriDomains: readonly string[];
  readonly excludedUriDomains: readonly string[];
  readonly subjectKeyId: Uint8Array;
  readonly ocspServer: readonly string[];
  readonly issuingCertificateUrl: readonly string[];
  readonly crlDistributionPoints: readonly string[];
  readonly extraExtensions: readonly CertificateExtension[];
  /** Go's enum; 0 = by key, 11 = ECDSA-SHA384. */
  readonly signatureAlgorithm: number;
}

const strings = goArray(goString);
const oid = goArray(goInt);

/** Decodes an array of Go pointers; `null` entries, which Go could not encode, are dropped. */
function presentOnly<T>(item: GoDecoder<T>): GoDecoder<readonly T[]> {
  const list = goArray(goNullable(item));
  return {
    zero: [],
    read: (node, at) => list.read(node, at, []).filter((each) => each !== undefined),
  };
}

const name: GoDecoder<DistinguishedName> = goObject({
  commonName: goString,
  serialNumber: goString,
  country: strings,
  organization: strings,
  organizationalUnit: strings,
  locality: strings,
  province: strings,
  streetAddress: strings,
  postalCode: strings,
  extraNames: goArray(goObject({ type: oid, value: goString })),
});

const url: GoDecoder<UrlParts> = goObject({
  scheme: goString,
  opaque: goString,
  host: goString,
  path: goString,
  rawPath: goString,
  forceQuery: goBool,
  rawQuery: goString,
  fragment: goString,
});

const ipRange: GoDecoder<IpRange> = goObject({ ip: goString, mask: goBytes });
const extension: GoDecoder<CertificateExtension> = goObject({
  id: oid,
  critical: goBool,
  value: goBytes,
});

/** Reads the `Cert` object of a secret definition with the names and types Go gives them. */
export const certificateTemplate: GoDecoder<CertificateTemplate> = goObject({
  subject: name,
  dnsNames: strings,
  emailAddresses: strings,
  ipAddresses: strings,
  uris: presentOnly(url),
  keyUsage: goInt,
  extKeyUsage: goArray(goInt),
  unknownExtKeyUsage: goArray(oid),
  policyIdentifiers: goArray(oid),
  notAfter: goTime,
  isCa: goBool,
  maxPathLen: goInt,
  maxPathLenZero: goBool,
  permittedDnsDomainsCritical: goBool,
  permittedDnsDomains: strings,
  excludedDnsDomains: strings,
  permittedIpRanges: presentOnly(ipRange),
  excludedIpRanges: presentOnly(ipRange),
  permittedEmailAddresses: strings,
  excludedEmailAddresses: strings,
  permittedUriDomains: strings,
  excludedUriDomains: strings,
  subjectKeyId: goBytes,
  ocspServer: strings,
  issuingCertificateUrl: strings,
  crlDistributionPoints: strings,
  extraExtensions: goArray(extension),
  signatureAlgorithm: goInt,
});
