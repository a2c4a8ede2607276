import { concatBytes } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import {
  decodeGuestPolicy,
  decodePlatformInfo,
  type GuestPolicy,
  isWellFormedPolicy,
  type PlatformInfo,
} from "./guest-policy.ts";
import { productOfCpuid, type SnpCpuid, type SnpProduct } from "./product.ts";
import {
  BYTE_FIELDS,
  type ByteField,
  COMMITTED_VERSION_OFFSET,
  CPUID_OFFSET,
  CURRENT_MIT_OFFSET,
  CURRENT_VERSION_OFFSET,
  LAUNCH_MIT_OFFSET,
  NEWEST_LAYOUT,
  NUMBER_BYTES,
  reservedRanges,
  SIGNATURE_OFFSETS,
  SNP_REPORT_BYTES,
} from "./report-layout.ts";

/** The key that signed a report: of the chip, of the cloud provider, or none. */
export type SnpSigningKey = "VCEK" | "VLEK" | "none";

/** A version of the SNP firmware. */
export interface FirmwareVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** Who signed a report, and what the platform hides from it. */
export interface SnpSignerInfo {
  readonly authorKeyEn: boolean;
  readonly maskChipKey: boolean;
  readonly signingKey: SnpSigningKey;
}

/** An SNP attestation report (specification section 1.7). Byte fields are views of `raw`. */
export interface SnpReport extends Readonly<Record<ByteField, Uint8Array>> {
  readonly raw: Uint8Array;
  readonly version: number;
  /** The layout that was read: that of `version`, or 5 for versions that are not known. */
  readonly layout: number;
  readonly guestSvn: number;
  readonly policy: bigint;
  readonly policyBits: GuestPolicy;
  /** 0 to 3, or 0xffffffff when the host asked for the report. */
  readonly vmpl: number;
  readonly signatureAlgo: number;
  readonly platformInfo: bigint;
  readonly platformInfoBits: PlatformInfo;
  readonly signerInfo: SnpSignerInfo;
  /** Version 3 and later. */
  readonly cpuid?: SnpCpuid;
  /** By `cpuid`; undefined for processors that are not known and in version 2. */
  readonly product: SnpProduct | undefined;
  readonly currentVersion: FirmwareVersion;
  readonly committedVersion: FirmwareVersion;
  /** Version 5 and later: bits of mitigations in force at launch, and now. */
  readonly launchMitVector?: bigint;
  readonly currentMitVector?: bigint;
  /** r‖s, 96 bytes big endian, as WebCrypto takes it; a copy. */
  readonly signature: Uint8Array;
}

const SIGNATURE_ALGO_P384 = 1;
const SIGNING_KEYS: Readonly<Record<number, SnpSigningKey>> = { 0: "VCEK", 1: "VLEK", 7: "none" };

/**
 * Parses a report of exactly 1184 bytes; checks its form (step 2 of section 2.6), not its signature.
 * Throws `REPORT_TRUNCATED`, `REPORT_LENGTH`, `REPORT_UNSUPPORTED_VERSION`, `REPORT_SIG_ALGO`,
 * `REPORT_RESERVED_NONZERO`, and `VEK_FORMAT` for a signing key that is not defined.
 */
export function parseSnpReport(raw: Uint8Array): SnpReport {
  checkLength(raw.length);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const version = view.getUint32(0x00, true);
  if (version < 2) {
    throw new AttestationError("REPORT_UNSUPPORTED_VERSION", `version is ${version}, 2 needed`);
  }
  const layout = Math.min(version, NEWEST_LAYOUT);
  const signatureAlgo = view.getUint32(0x34, true);
  if (signatureAlgo !== SIGNATURE_ALGO_P384) {
    throw new AttestationError("REPORT_SIG_ALGO", `algorithm is ${signatureAlgo}, 1 needed`);
  }
  const policy = view.getBigUint64(0x08, true);
  const flags = view.getUint32(0x48, true);
  checkReserved(raw, layout, isWellFormedPolicy(policy) && flags >>> 5 === 0);
  const cpuid = layout < 3 ? undefined : readCpuid(raw);
  const platformInfo = view.getBigUint64(0x40, true);
  return {
    raw,
    version,
    layout,
    guestSvn: view.getUint32(0x04, true),
    policy,
    policyBits: decodeGuestPolicy(policy),
    vmpl: view.getUint32(0x30, true),
    signatureAlgo,
    platformInfo,
    platformInfoBits: decodePlatformInfo(platformInfo),
    signerInfo: readSignerInfo(flags),
    ...readByteFields(raw),
    ...(cpuid === undefined ? {} : { cpuid }),
    product: cpuid === undefined ? undefined : productOfCpuid(cpuid),
    currentVersion: readVersion(raw, CURRENT_VERSION_OFFSET),
    committedVersion: readVersion(raw, COMMITTED_VERSION_OFFSET),
    ...(layout < 5 ? {} : readMitigations(view)),
    signature: readSignature(raw),
  };
}

function checkLength(length: number): void {
  if (length === SNP_REPORT_BYTES) return;
  const code = length < SNP_REPORT_BYTES ? "REPORT_TRUNCATED" : "REPORT_LENGTH";
  throw new AttestationError(code, `report has ${length} bytes, ${SNP_REPORT_BYTES} needed`);
}

function checkReserved(raw: Uint8Array, layout: number, areBitsGood: boolean): void {
  const isZero = ([start, end]: readonly [number, number]): boolean =>
    raw.subarray(start, end).every((byte) => byte === 0);
  if (areBitsGood && reservedRanges(layout).every(isZero)) return;
  throw new AttestationError("REPORT_RESERVED_NONZERO", "reserved bits are not as they must be");
}

function readSignerInfo(flags: number): SnpSignerInfo {
  const signingKey = SIGNING_KEYS[(flags >> 2) & 7];
  if (signingKey === undefined) {
    throw new AttestationError("VEK_FORMAT", `signing key ${(flags >> 2) & 7} is not defined`);
  }
  return { authorKeyEn: (flags & 1) !== 0, maskChipKey: (flags & 2) !== 0, signingKey };
}

function readByteFields(raw: Uint8Array): Record<ByteField, Uint8Array> {
  const fields = BYTE_FIELDS.map(([name, offset, length]) => [
    name,
    raw.subarray(offset, offset + length),
  ]);
  return Object.fromEntries(fields) as Record<ByteField, Uint8Array>;
}

function readCpuid(raw: Uint8Array): SnpCpuid {
  const [family = 0, model = 0, stepping = 0] = raw.subarray(CPUID_OFFSET);
  return { family, model, stepping };
}

function readVersion(raw: Uint8Array, offset: number): FirmwareVersion {
  const [build = 0, minor = 0, major = 0] = raw.subarray(offset);
  return { major, minor, build };
}

function readMitigations(view: DataView): Pick<SnpReport, "launchMitVector" | "currentMitVector"> {
  return {
    launchMitVector: view.getBigUint64(LAUNCH_MIT_OFFSET, true),
    currentMitVector: view.getBigUint64(CURRENT_MIT_OFFSET, true),
  };
}

function readSignature(raw: Uint8Array): Uint8Array {
  const numbers = SIGNATURE_OFFSETS.map((offset) =>
    // A copy by the constructor, since the slice of a Buffer is a view.
    new Uint8Array(raw.subarray(offset, offset + NUMBER_BYTES)).reverse(),
  );
  return concatBytes(...numbers);
}
