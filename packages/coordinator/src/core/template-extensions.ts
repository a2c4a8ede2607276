import { concatBytes, der, utf8 } from "@carrara/encoding";
import type { CertificateTemplate, IpRange, UrlParts } from "@carrara/manifest";
import { type Extension, KEY_USAGES, type KeyUsage, OID, parseIpAddress } from "@carrara/pki";
import { CoordinatorError } from "../error.ts";

const AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1";
const OCSP_ACCESS = "1.3.6.1.5.5.7.48.1";
const ISSUERS_ACCESS = "1.3.6.1.5.5.7.48.2";

/** Tags of GeneralName (RFC 5280 section 4.2.1.6). */
const NAME_TAG = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

/** Go's ExtKeyUsage numbers in order. */
const PURPOSES: readonly string[] = [
  "2.5.29.37.0",
  OID.serverAuth,
  OID.clientAuth,
  "1.3.6.1.5.5.7.3.3",
  "1.3.6.1.5.5.7.3.4",
  "1.3.6.1.5.5.7.3.5",
  "1.3.6.1.5.5.7.3.6",
  "1.3.6.1.5.5.7.3.7",
  "1.3.6.1.5.5.7.3.8",
  "1.3.6.1.5.5.7.3.9",
  "1.3.6.1.4.1.311.10.3.3",
  "2.16.840.1.113730.4.1",
  "1.3.6.1.4.1.311.2.1.22",
  "1.3.6.1.4.1.311.61.1.1",
];

/** Dotted text of an object identifier in numbers. Throws `SECRET_INVALID`. */
export function oidText(arcs: readonly number[]): string {
  const [root = -1, second = -1] = arcs;
  const valid =
    root >= 0 &&
    root <= 2 &&
    second >= 0 &&
    (root === 2 || second < 40) &&
    arcs.every((a) => a >= 0);
  if (!valid) throw new CoordinatorError("SECRET_INVALID", "an object identifier is malformed");
  return arcs.join(".");
}

/** Usages whose bit is set in Go's `mask`, which counts them in the order of the RFC. Throws `SECRET_INVALID` for a bit without meaning. */
export function keyUsageOfMask(mask: number): readonly KeyUsage[] {
  if (mask < 1 || mask >= 2 ** KEY_USAGES.length) {
    throw new CoordinatorError("SECRET_INVALID", `key usage ${mask} is not 1 to 511`);
  }
  return KEY_USAGES.filter((_, bit) => (mask & (1 << bit)) !== 0);
}

/** Purposes as OIDs, the numbered ones first. Throws `SECRET_INVALID`. */
export function extendedKeyUsageOids(
  known: readonly number[],
  unknown: readonly (readonly number[])[],
): readonly string[] {
  const numbered = known.map((number) => {
    const oid = PURPOSES[number];
    if (oid === undefined) {
      throw new CoordinatorError("SECRET_INVALID", `extended key usage ${number} is unknown`);
    }
    return oid;
  });
  return [...numbered, ...unknown.map(oidText)];
}

/** SubjectAltName with DNS names, e-mail and IP addresses and URIs. */
export function subjectNames(
  names: Pick<CertificateTemplate, "dnsNames" | "emailAddresses" | "ipAddresses" | "uris">,
): Extension {
  const items = [
    ...names.dnsNames.map((name) => textName(NAME_TAG.dns, name)),
    ...names.emailAddresses.map((address) => textName(NAME_TAG.email, address)),
    ...names.ipAddresses.map((text) => der.contextPrimitive(NAME_TAG.ip, ipBytes(text))),
    ...names.uris.map((uri) => textName(NAME_TAG.uri, uriText(uri))),
  ];
  return { oid: OID.subjectAlternativeName, critical: false, value: der.sequence(...items) };
}

function textName(tag: number, text: string): Uint8Array {
  return der.contextPrimitive(tag, utf8(text));
}

function ipBytes(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined)
    throw new CoordinatorError("SECRET_INVALID", "an ip address is malformed");
  return bytes;
}

function uriText(uri: UrlParts): string {
  const scheme = uri.scheme === "" ? "" : `${uri.scheme}:`;
  const query = uri.rawQuery === "" && !uri.forceQuery ? "" : `?${uri.rawQuery}`;
  const fragment = uri.fragment === "" ? "" : `#${encodeURI(uri.fragment)}`;
  if (uri.opaque !== "") return `${scheme}${uri.opaque}${query}${fragment}`;
  const authority = uri.host === "" ? "" : `//${uri.host}`;
  return `${scheme}${authority}${uri.rawPath || encodeURI(uri.path)}${query}${fragment}`;
}

/** AuthorityInfoAccess, when the template names OCSP servers or issuers. */
export function accessInformation(template: CertificateTemplate): readonly Extension[] {
  const descriptions = [
    ...template.ocspServer.map((url) => [OCSP_ACCESS, url] as const),
    ...template.issuingCertificateUrl.map((url) => [ISSUERS_ACCESS, url] as const),
  ].map(([method, url]) => der.sequence(der.oid(method), textName(NAME_TAG.uri, url)));
  return optional(AUTHORITY_INFORMATION_ACCESS, false, descriptions);
}

/** CertificatePolicies, when the template has any. */
export function certificatePolicies(template: CertificateTemplate): readonly Extension[] {
  const policies = template.policyIdentifiers.map((id) => der.sequence(der.oid(oidText(id))));
  return optional(OID.certificatePolicies, false, policies);
}

/** NameConstraints, when the template has any (RFC 5280 section 4.2.1.10). */
export function nameConstraints(template: CertificateTemplate): readonly Extension[] {
  const permitted = subtrees(
    template.permittedDnsDomains,
    template.permittedIpRanges,
    template.permittedEmailAddresses,
    template.permittedUriDomains,
  );
  const excluded = subtrees(
    template.excludedDnsDomains,
    template.excludedIpRanges,
    template.excludedEmailAddresses,
    template.excludedUriDomains,
  );
  const parts = [
    ...(permitted.length > 0 ? [der.context(0, ...permitted)] : []),
    ...(excluded.length > 0 ? [der.context(1, ...excluded)] : []),
  ];
  return optional(OID.nameConstraints, template.permittedDnsDomainsCritical, parts);
}

function subtrees(
  dns: readonly string[],
  ranges: readonly IpRange[],
  emails: readonly string[],
  uris: readonly string[],
): readonly Uint8Array[] {
  return [
    ...dns.map((name) => textName(NAME_TAG.dns, name)),
    ...ranges.map(({ ip, mask }) =>
      der.contextPrimitive(NAME_TAG.ip, concatBytes(ipBytes(ip), mask)),
    ),
    ...emails.map((name) => textName(NAME_TAG.email, name)),
    ...uris.map((name) => textName(NAME_TAG.uri, name)),
  ].map((name) => der.sequence(name));
}

function optional(
  oid: string,
  critical: boolean,
  items: readonly Uint8Array[],
): readonly Extension[] {
  return items.length === 0 ? [] : [{ oid, critical, value: der.sequence(...items) }];
}
