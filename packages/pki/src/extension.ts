import {
  DER_TAG,
  DerReader,
  der,
  derBitString,
  derBoolean,
  derInteger,
  derOid,
  readDer,
  utf8,
} from "@carrara/encoding";
import { PkiError } from "./error.ts";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";
import { OID } from "./oid.ts";

/** One X.509 extension; `value` is the content of its OCTET STRING. */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Bits of KeyUsage in the order of RFC 5280 section 4.2.1.3. */
export const KEY_USAGES = [
  "digitalSignature",
  "nonRepudiation",
  "keyEncipherment",
  "dataEncipherment",
  "keyAgreement",
  "keyCertSign",
  "cRLSign",
  "encipherOnly",
  "decipherOnly",
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** DNS names and IP addresses (as text) of a subject. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** Writers of the extensions that this project issues (RFC 5280 section 4.2). */
export const extension = {
  basicConstraints(ca: boolean, pathLength?: number): Extension {
    const items = ca ? [der.boolean(true)] : [];
    if (pathLength !== undefined) items.push(der.integer(pathLength));
    return { oid: OID.basicConstraints, critical: true, value: der.sequence(...items) };
  },
  keyUsage(...usages: readonly KeyUsage[]): Extension {
    const bits = usages.map((usage) => KEY_USAGES.indexOf(usage));
    const highest = Math.max(...bits);
    const octets = new Uint8Array(Math.floor(highest / 8) + 1);
    for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    return { oid: OID.keyUsage, critical: true, value: der.bitString(octets, 7 - (highest & 7)) };
  },
  extendedKeyUsage(...oids: readonly string[]): Extension {
    return {
      oid: OID.extendedKeyUsage,
      critical: false,
      value: der.sequence(...oids.map(der.oid)),
    };
  },
  subjectKeyIdentifier(id: Uint8Array): Extension {
    return { oid: OID.subjectKeyIdentifier, critical: false, value: der.octetString(id) };
  },
  authorityKeyIdentifier(id: Uint8Array): Extension {
    const value = der.sequence(der.contextPrimitive(0, id));
    return { oid: OID.authorityKeyIdentifier, critical: false, value };
  },
  /** Throws `CERT_MALFORMED` when an address is no IP address. */
  subjectAlternativeName({ dnsNames, ipAddresses }: AlternativeNames): Extension {
    const names = dnsNames.map((name) => der.contextPrimitive(2, utf8(name)));
    const addresses = ipAddresses.map((text) => {
      const octets = parseIpAddress(text);
      if (octets === undefined) throw new PkiError("CERT_MALFORMED", "not an ip address");
      return der.contextPrimitive(7, octets);
    });
    const value = der.sequence(...names, ...addresses);
    return { oid: OID.subjectAlternativeName, critical: false, value };
  },
  crlDistributionPoint(url: string): Extension {
    const value = der.sequence(
      der.sequence(der.context(0, der.context(0, der.contextPrimitive(6, utf8(url))))),
    );
    return { oid: OID.crlDistributionPoints, critical: false, value };
  },
  crlNumber(number: bigint): Extension {
    return { oid: OID.crlNumber, critical: false, value: der.integer(number) };
  },
};

/** DER of one Extension. */
export function encodeExtension({ oid, critical, value }: Extension): Uint8Array {
  const flag = critical ? [der.boolean(true)] : [];
  return der.sequence(der.oid(oid), ...flag, der.octetString(value));
}

/** Extensions of an `Extensions` SEQUENCE. Throws `DER_MALFORMED`; duplicates are refused there. */
export function parseExtensions(reader: DerReader): Extension[] {
  const extensions: Extension[] = [];
  const seen = new Set<string>();
  while (!reader.done) {
    const item = reader.enter();
    const oid = derOid(item.read(DER_TAG.oid));
    const flag = item.readOptional(DER_TAG.boolean);
    const critical = flag !== undefined && derBoolean(flag);
    const value = item.read(DER_TAG.octetString).content;
    item.end();
    if (seen.has(oid)) {
      throw new PkiError("CERT_MALFORMED", `extension ${oid} occurs twice`);
    }
    seen.add(oid);
    extensions.push({ oid, critical, value });
  }
  return extensions;
}

/** Value of BasicConstraints. Throws `DER_MALFORMED`. */
export function parseBasicConstraints(value: Uint8Array): { ca: boolean; pathLength?: number } {
  const reader = new DerReader(readDer(value, DER_TAG.sequence).content);
  const flag = reader.readOptional(DER_TAG.boolean);
  const ca = flag !== undefined && derBoolean(flag);
  const length = reader.readOptional(DER_TAG.integer);
  reader.end();
  return length === undefined ? { ca } : { ca, pathLength: Number(derInteger(length)) };
}

/** Value of KeyUsage. Throws `DER_MALFORMED`. */
export function parseKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const { bytes } = derBitString(readDer(value, DER_TAG.bitString));
  return new Set(
    KEY_USAGES.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0),
  );
}

/** Purposes of ExtendedKeyUsage as dotted text. Throws `DER_MALFORMED`. */
export function parseExtendedKeyUsage(value: Uint8Array): string[] {
  const reader = new DerReader(readDer(value, DER_TAG.sequence).content);
  const oids: string[] = [];
  while (!reader.done) oids.push(derOid(reader.read(DER_TAG.oid)));
  return oids;
}

/**
 * DNS names and IP addresses of a SubjectAltName; other kinds of names are dropped. Throws
 * `DER_MALFORMED`, and `CERT_MALFORMED` for an address of another size.
 */
export function parseAlternativeNames(value: Uint8Array): AlternativeNames {
  const reader = new DerReader(readDer(value, DER_TAG.sequence).content);
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  while (!reader.done) {
    const { tag, content } = reader.read();
    if (tag === 0x82) dnsNames.push(String.fromCharCode(...content));
    if (tag === 0x87) ipAddresses.push(formatIpAddress(content));
  }
  return { dnsNames, ipAddresses };
}
