import { DER_TAG, der, derInteger, EncodingError, readDer, toHex } from "@carrara/encoding";
import { type Certificate, type Extension, findExtension, OID } from "@carrara/pki";
import { AttestationError } from "../error.ts";
import { productOfName, type SnpProduct } from "./product.ts";
import type { SnpTcb } from "./tcb.ts";

/** Arc of AMD's extensions (section 1.8). */
const AMD = "1.3.6.1.4.1.3704.1";
const STRUCT_VERSION = `${AMD}.1`;
const PRODUCT_NAME = `${AMD}.2`;
const HARDWARE_ID = `${AMD}.4`;
const CSP_ID = `${AMD}.5`;
const MICROCODE = `${AMD}.3.8`;
const FMC = `${AMD}.3.9`;
/** Boot loader, TEE and SNP firmware. */
const SPLS = [`${AMD}.3.1`, `${AMD}.3.2`, `${AMD}.3.3`] as const;
const RESERVED_SPLS = [4, 5, 6, 7].map((arc) => `${AMD}.3.${arc}`);

/** All that a VEK may carry: a component nobody compares must not slip through. */
const ALLOWED: ReadonlySet<string> = new Set([
  ...[STRUCT_VERSION, PRODUCT_NAME, ...SPLS, ...RESERVED_SPLS, MICROCODE, FMC],
  ...[HARDWARE_ID, CSP_ID, OID.authorityKeyIdentifier],
]);

/** Bytes of a hardware id: on Turin, and on all others. */
const HARDWARE_ID_BYTES = { turin: 8, other: 64 };
/** Longest text in an extension, in bytes; real ones are below 64. */
const MAX_TEXT_BYTES = 256;

/** The kinds of certificates that sign reports: of one chip, or of a cloud provider. */
export type VekKind = "VCEK" | "VLEK";

/** What a VCEK or VLEK says about the firmware, and the chip or provider, it is for. */
export interface VekInfo {
  readonly kind: VekKind;
  readonly structVersion: number;
  /** As written, for example `Milan-B0`. */
  readonly productName: string;
  /** Undefined for a name that is not known. */
  readonly product: SnpProduct | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly tcb: SnpTcb;
  /** VCEK only: lower-case hex, 16 digits on Turin and 128 on others. */
  readonly hwId?: string;
  /** VLEK only: who the key was lent to. */
  readonly cspId?: string;
}

function malformed(message: string, cause?: unknown): AttestationError {
  return new AttestationError("VEK_FORMAT", `versioned key certificate: ${message}`, { cause });
}

/** Reads the AMD extensions of a VCEK or VLEK, strictly. Throws `VEK_FORMAT`. */
export function readVekInfo(certificate: Certificate, kind: VekKind): VekInfo {
  const stranger = certificate.extensions.find(({ oid }) => !ALLOWED.has(oid));
  if (stranger !== undefined) throw malformed(`extension ${stranger.oid} has no place here`);
  try {
    return readExtensions(certificate, kind);
  } catch (cause) {
    if (cause instanceof EncodingError) throw malformed(cause.message, cause);
    throw cause;
  }
}

function readExtensions(certificate: Certificate, kind: VekKind): VekInfo {
  const productName = text(certificate, PRODUCT_NAME);
  const product = productOfName(productName);
  const [bootloader, tee, snp] = SPLS.map((oid) => number(certificate, oid));
  const microcode = number(certificate, MICROCODE);
  const tcb = { bootloader: bootloader ?? 0, tee: tee ?? 0, snp: snp ?? 0, microcode };
  // Turin leaves one of them out; what they say is reserved.
  for (const oid of RESERVED_SPLS) {
    if (findExtension(certificate, oid) !== undefined) number(certificate, oid);
  }
  const hasFmc = findExtension(certificate, FMC) !== undefined;
  if (product !== undefined && hasFmc !== (product === "Turin")) {
    throw malformed(`the fmc component does not fit ${product}`);
  }
  return {
    kind,
    structVersion: number(certificate, STRUCT_VERSION),
    productName,
    product,
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    tcb: hasFmc ? { ...tcb, fmc: number(certificate, FMC) } : tcb,
    ...readOwner(certificate, kind, hasFmc),
  };
}

/** A VCEK is bound to a chip, a VLEK to a provider; neither to both. */
function readOwner(
  certificate: Certificate,
  kind: VekKind,
  isTurin: boolean,
): Pick<VekInfo, "hwId" | "cspId"> {
  const other = kind === "VCEK" ? CSP_ID : HARDWARE_ID;
  if (findExtension(certificate, other) !== undefined) {
    throw malformed(`extension ${other} does not belong in a ${kind}`);
  }
  if (kind === "VLEK") return { cspId: text(certificate, CSP_ID) };
  const { turin, other: usual } = HARDWARE_ID_BYTES;
  return { hwId: toHex(hardwareId(value(certificate, HARDWARE_ID), isTurin ? turin : usual)) };
}

/** The id itself or an OCTET STRING around it: the length tells, never the first byte. */
function hardwareId(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === length) return bytes;
  const wrapped = readDer(bytes, DER_TAG.octetString).content;
  if (wrapped.length !== length) {
    throw malformed(`hardware id has ${wrapped.length} bytes, ${length} needed`);
  }
  return wrapped;
}

function value(certificate: Certificate, oid: string): Uint8Array {
  const found = findExtension(certificate, oid);
  if (found === undefined) throw malformed(`extension ${oid} is missing`);
  return found.value;
}

function number(certificate: Certificate, oid: string): number {
  const result = derInteger(readDer(value(certificate, oid), DER_TAG.integer));
  if (result < 0n || result > 0xffn) throw malformed(`extension ${oid} is out of range`);
  return Number(result);
}

function text(certificate: Certificate, oid: string): string {
  const bytes = readDer(value(certificate, oid), DER_TAG.ia5String).content;
  const printable = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  if (!printable || bytes.length > MAX_TEXT_BYTES) throw malformed(`extension ${oid} is no text`);
  return String.fromCharCode(...bytes);
}

/** What an issuer of VCEKs (`hwId`) or VLEKs (`cspId`) chooses. */
export interface VekExtensionFields {
  /** Default: 1 with an FMC component, else 0. */
  readonly structVersion?: number;
  readonly productName: string;
  /** With `fmc` on Turin and only there. */
  readonly tcb: SnpTcb;
  /** 8 bytes on Turin, else 64; written raw. */
  readonly hwId?: Uint8Array;
  readonly cspId?: string;
}

/** The AMD extensions of a VCEK or VLEK in the order that AMD writes them, reserved SPLs zero. */
export function encodeVekExtensions(fields: VekExtensionFields): Extension[] {
  const { productName, tcb, hwId, cspId } = fields;
  const { bootloader, tee, snp, microcode, fmc } = tcb;
  const isTurin = fmc !== undefined;
  const { structVersion = isTurin ? 1 : 0 } = fields;
  const integer = (oid: string, spl: number): [string, Uint8Array] => [oid, der.integer(spl)];
  const numbered = (...arcs: readonly [arc: number, spl: number][]): [string, Uint8Array][] =>
    arcs.map(([arc, spl]) => integer(`${AMD}.3.${arc}`, spl));
  const early = isTurin
    ? numbered([9, fmc], [1, bootloader], [2, tee], [3, snp], [5, 0], [6, 0], [7, 0])
    : numbered([1, bootloader], [2, tee], [4, 0], [5, 0], [6, 0], [7, 0], [3, snp]);
  const values: [string, Uint8Array][] = [
    integer(STRUCT_VERSION, structVersion),
    [PRODUCT_NAME, der.ia5String(productName)],
    ...early,
    integer(MICROCODE, microcode),
    ...(hwId === undefined ? [] : [[HARDWARE_ID, hwId] as [string, Uint8Array]]),
    ...(cspId === undefined ? [] : [[CSP_ID, der.ia5String(cspId)] as [string, Uint8Array]]),
  ];
  return values.map(([oid, content]) => ({ oid, critical: false, value: content }));
}
