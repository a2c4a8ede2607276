import {
  DER_TAG,
  type DerNode,
  DerReader,
  der,
  derBoolean,
  derInteger,
  derOid,
  EncodingError,
  equalBytes,
  readDer,
  toHex,
} from "@carrara/encoding";
import { type Certificate, commonNameOf, type Extension, findExtension } from "@carrara/pki";
import { AttestationError } from "../error.ts";

/** Extension of PCK certificates (section 1.6). */
const SGX_EXTENSION = "1.2.840.113741.1.13.1";
const SGX_TYPES = ["Standard", "Scalable", "ScalableWithIntegrity"] as const;

/** What a PCK certificate says about its platform; hex is lower case. */
export interface PckInfo {
  readonly ppid: string;
  readonly fmspc: string;
  readonly pceId: string;
  readonly cpuSvn: string;
  readonly sgxTcbComponents: readonly number[];
  readonly pceSvn: number;
  readonly sgxType: (typeof SGX_TYPES)[number];
  /** Common name of the issuer. */
  readonly ca: string;
  /** Platform CA only. */
  readonly platformInstanceId?: string;
  /** The COMP SVNs differ from the bytes of CPUSVN, which no genuine certificate has shown. */
  readonly cpuSvnDiffers: boolean;
}

function malformed(message: string, cause?: unknown): AttestationError {
  return new AttestationError("CERT_MALFORMED", `sgx extension: ${message}`, { cause });
}

/** Elements of a SEQUENCE OF SEQUENCE { OID, value } by the last arc of their OID. */
function entriesOf(content: Uint8Array, parent: string): Map<number, DerNode> {
  const reader = new DerReader(content);
  const entries = new Map<number, DerNode>();
  while (!reader.done) {
    const pair = reader.enter();
    const oid = derOid(pair.read(DER_TAG.oid));
    const value = pair.read();
    pair.end();
    const arc = oid.startsWith(`${parent}.`) ? Number(oid.slice(parent.length + 1)) : Number.NaN;
    if (!Number.isInteger(arc) || entries.has(arc)) throw malformed("entry unknown or given twice");
    entries.set(arc, value);
  }
  return entries;
}

function entry(entries: ReadonlyMap<number, DerNode>, arc: number, tag: number): DerNode {
  const node = entries.get(arc);
  if (node?.tag !== tag) throw malformed(`entry ${arc} is missing or of another type`);
  return node;
}

function octets(entries: ReadonlyMap<number, DerNode>, arc: number, length: number): Uint8Array {
  const { content } = entry(entries, arc, DER_TAG.octetString);
  if (content.length !== length) throw malformed(`entry ${arc} has ${content.length} bytes`);
  return content;
}

function number(
  entries: ReadonlyMap<number, DerNode>,
  arc: number,
  max: number,
  tag: number = DER_TAG.integer,
): number {
  const value = Number(derInteger(entry(entries, arc, tag)));
  if (value < 0 || value > max) throw malformed(`entry ${arc} is out of range`);
  return value;
}

/** Reads the SGX extension of a PCK certificate. Throws `CERT_WRONG_ROLE`, `CERT_MALFORMED`. */
export function readPckInfo(certificate: Certificate): PckInfo {
  const found = findExtension(certificate, SGX_EXTENSION);
  if (found === undefined) {
    throw new AttestationError("CERT_WRONG_ROLE", "the leaf has no sgx extension");
  }
  try {
    return readExtension(found, commonNameOf(certificate.issuer));
  } catch (cause) {
    if (cause instanceof EncodingError) throw malformed(cause.message, cause);
    throw cause;
  }
}

function readExtension({ value }: Extension, ca: string): PckInfo {
  const entries = entriesOf(readDer(value, DER_TAG.sequence).content, SGX_EXTENSION);
  const tcb = entriesOf(entry(entries, 2, DER_TAG.sequence).content, `${SGX_EXTENSION}.2`);
  const sgxTcbComponents = Array.from({ length: 16 }, (_, i) => number(tcb, i + 1, 0xff));
  const cpuSvn = octets(tcb, 18, 16);
  const type = SGX_TYPES[number(entries, 5, 2, DER_TAG.enumerated)];
  if (type === undefined || tcb.size !== 18) throw malformed("type or tcb is incomplete");
  return {
    ppid: toHex(octets(entries, 1, 16)),
    fmspc: toHex(octets(entries, 4, 6)),
    pceId: toHex(octets(entries, 3, 2)),
    cpuSvn: toHex(cpuSvn),
    sgxTcbComponents,
    pceSvn: number(tcb, 17, 0xffff),
    sgxType: type,
    ca,
    ...readPlatformEntries(entries),
    cpuSvnDiffers: !equalBytes(cpuSvn, new Uint8Array(sgxTcbComponents)),
  };
}

/** 5 entries for the processor CA, 7 for the platform CA; nothing in between. */
function readPlatformEntries(entries: ReadonlyMap<number, DerNode>): {
  platformInstanceId?: string;
} {
  if (entries.size === 5) return {};
  if (entries.size !== 7) throw malformed(`${entries.size} entries, 5 or 7 needed`);
  const { content } = entry(entries, 7, DER_TAG.sequence);
  const configuration = entriesOf(content, `${SGX_EXTENSION}.7`);
  for (const arc of [1, 2, 3]) derBoolean(entry(configuration, arc, DER_TAG.boolean));
  if (configuration.size !== 3) throw malformed("configuration is incomplete");
  return { platformInstanceId: toHex(octets(entries, 6, 16)) };
}

/** What an issuer of PCK certificates chooses. */
export interface PckExtensionFields {
  readonly ppid: Uint8Array;
  readonly cpuSvn: Uint8Array;
  readonly pceSvn: number;
  readonly pceId: Uint8Array;
  readonly fmspc: Uint8Array;
  readonly platformInstanceId: Uint8Array;
}

/** The SGX extension of a PCK certificate under a platform CA, COMP SVNs equal to CPUSVN. */
export function encodePckExtension(fields: PckExtensionFields): Extension {
  const pair = (suffix: string, value: Uint8Array): Uint8Array =>
    der.sequence(der.oid(`${SGX_EXTENSION}.${suffix}`), value);
  const components = Array.from(fields.cpuSvn, (svn, i) => pair(`2.${i + 1}`, der.integer(svn)));
  const value = der.sequence(
    pair("1", der.octetString(fields.ppid)),
    pair(
      "2",
      der.sequence(
        ...components,
        pair("2.17", der.integer(fields.pceSvn)),
        pair("2.18", der.octetString(fields.cpuSvn)),
      ),
    ),
    pair("3", der.octetString(fields.pceId)),
    pair("4", der.octetString(fields.fmspc)),
    pair("5", der.enumerated(1)),
    pair("6", der.octetString(fields.platformInstanceId)),
    pair(
      "7",
      der.sequence(...["7.1", "7.2", "7.3"].map((suffix) => pair(suffix, der.boolean(false)))),
    ),
  );
  return { oid: SGX_EXTENSION, critical: false, value };
}
