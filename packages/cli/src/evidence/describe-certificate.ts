import { createHash } from "node:crypto";
import { AttestationError, HARDWARE_ANCHORS, readPckInfo, readVekInfo } from "@carrara/attestation";
import { DER_TAG, DerReader, derOid, EncodingError, equalBytes, toHex } from "@carrara/encoding";
import {
  type Certificate,
  commonNameOf,
  type Extension,
  findExtension,
  type NameAttribute,
  OID,
  PkiError,
  parseAlternativeNames,
  parseBasicConstraints,
  parseCertificate,
  parseKeyUsage,
} from "@carrara/pki";
import { type Fact, fact, facts, type Json, type Part } from "./facts.ts";

const OID_NAMES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(OID).map(([name, oid]) => [oid, name] as const),
  ["1.2.840.113549.1.1.10", "rsassaPss"],
  ["1.2.840.113741.1.13.1", "intelSgx"],
  ["2.23.133.5.4.9", "raTlsEvidence"],
  ["1.3.6.1.4.1.3704.1.1", "amdStructVersion"],
  ["1.3.6.1.4.1.3704.1.2", "amdProductName"],
  ["1.3.6.1.4.1.3704.1.4", "amdHardwareId"],
  ["1.3.6.1.4.1.3704.1.5", "amdCspId"],
]);
/** Attributes of names by the letters of RFC 4514. */
const NAME_LETTERS: ReadonlyMap<string, string> = new Map([
  [OID.commonName, "CN"],
  [OID.country, "C"],
  [OID.locality, "L"],
  [OID.province, "ST"],
  [OID.streetAddress, "STREET"],
  [OID.organization, "O"],
  [OID.organizationalUnit, "OU"],
]);

/** All that a certificate says, and what its vendor's extensions say; nothing is verified. */
export function describeCertificate(certificate: Certificate, key: string, title: string): Part {
  const { subject, issuer, serial, notBefore, notAfter, spki, extensions } = certificate;
  const vendor = HARDWARE_ANCHORS.find((anchor) => equalBytes(anchor.spki, spki));
  return {
    key,
    title: `${title} (${certificate.raw.length} bytes)`,
    facts: [
      ...facts({
        subject: nameText(subject),
        issuer: nameText(issuer),
        serial,
        notBefore,
        notAfter,
        signatureAlgorithm: nameOf(certificate.signatureAlgorithm),
        keyAlgorithm: keyAlgorithmOf(spki),
        spkiSha256: sha256Hex(spki),
        ...(vendor === undefined ? {} : { vendorRoot: vendor.name }),
      }),
      ...extensionFacts(certificate),
      fact("extensions", extensions.map(extensionText)),
    ],
  };
}

/** What a PCK certificate, a VCEK or a VLEK says of its platform; nothing for other certificates. */
function describePlatform(certificate: Certificate): Part[] {
  if (isPck(certificate)) {
    return [{ key: "pck", title: "PCK: the platform", facts: trying(() => pckFacts(certificate)) }];
  }
  const kind = vekKind(certificate);
  if (kind === undefined) return [];
  const vek = (): Fact[] => {
    const { tcb, notBefore: _, notAfter: __, ...info } = readVekInfo(certificate, kind);
    return facts({ ...info, tcb: { ...tcb } });
  };
  return [{ key: "vek", title: `${kind}: the key that signs reports`, facts: trying(vek) }];
}

/** One of several certificates in DER, with what it says of its platform; `name` when it is known. */
export function describeDer(der: Uint8Array, name?: string): Part[] {
  const parts: Part[] = [];
  const problem = trying(() => {
    const certificate = parseCertificate(der);
    const title = certificateTitle(certificate);
    const known = name === undefined || name === title ? title : `${name} certificate`;
    parts.push(...describePlatform(certificate));
    parts.push({ ...describeCertificate(certificate, "certificates", known), many: true });
    return [];
  });
  if (problem.length === 0) return parts;
  const title = `${name ?? "Certificate"} (${der.length} bytes)`;
  return [{ key: "certificates", title, facts: problem, many: true }];
}

/** What to call a certificate among several. */
function certificateTitle(certificate: Certificate): string {
  if (isPck(certificate)) return "PCK certificate";
  return vekKind(certificate) ?? "Certificate";
}

function isPck(certificate: Certificate): boolean {
  return findExtension(certificate, "1.2.840.113741.1.13.1") !== undefined;
}

function vekKind({ subject }: Certificate): "VCEK" | "VLEK" | undefined {
  const name = commonNameOf(subject);
  if (name === "SEV-VCEK") return "VCEK";
  return name === "SEV-VLEK" ? "VLEK" : undefined;
}

function pckFacts(certificate: Certificate): Fact[] {
  const { sgxTcbComponents, cpuSvnDiffers, ...info } = readPckInfo(certificate);
  return facts({ ...info, sgxTcbComponents: [...sgxTcbComponents], cpuSvnDiffers });
}

/** What cannot be read is said to be so: a part of a file must not hide the others. */
export function trying(read: () => Fact[]): Fact[] {
  try {
    return read();
  } catch (error) {
    const known =
      error instanceof PkiError ||
      error instanceof EncodingError ||
      error instanceof AttestationError;
    if (known) return facts({ unreadable: `${error.code}: ${error.message}` });
    throw error;
  }
}

function extensionFacts(certificate: Certificate): Fact[] {
  const reading = (name: string, oid: string, read: (value: Uint8Array) => Json): Fact[] => {
    const found = findExtension(certificate, oid);
    return found === undefined ? [] : trying(() => [fact(name, read(found.value))]);
  };
  return [
    ...reading("basicConstraints", OID.basicConstraints, parseBasicConstraints),
    ...reading("keyUsage", OID.keyUsage, (value) => [...parseKeyUsage(value)]),
    ...reading("alternativeNames", OID.subjectAlternativeName, (value) => {
      const { dnsNames, ipAddresses } = parseAlternativeNames(value);
      return [...dnsNames, ...ipAddresses];
    }),
  ];
}

function extensionText({ oid, critical, value }: Extension): string {
  const known = OID_NAMES.get(oid);
  const name = known === undefined ? oid : `${known} ${oid}`;
  return `${name}${critical ? " critical" : ""} [${value.length} bytes]`;
}

function nameOf(oid: string): string {
  return OID_NAMES.get(oid) ?? oid;
}

function nameText(attributes: readonly NameAttribute[]): string {
  return attributes
    .map(({ type, value }) => {
      const escaped = value.replace(/[\\,+"<>;=]/g, (character) => `\\${character}`);
      return `${NAME_LETTERS.get(type) ?? type}=${escaped}`;
    })
    .join(", ");
}

function keyAlgorithmOf(spki: Uint8Array): string {
  try {
    const algorithm = new DerReader(spki).enter().enter();
    const oid = derOid(algorithm.read(DER_TAG.oid));
    const parameter = algorithm.readOptional(DER_TAG.oid);
    return parameter === undefined ? nameOf(oid) : nameOf(derOid(parameter));
  } catch (error) {
    if (error instanceof EncodingError) return "unreadable";
    throw error;
  }
}

function sha256Hex(bytes: Uint8Array): string {
  return toHex(createHash("sha256").update(bytes).digest());
}
