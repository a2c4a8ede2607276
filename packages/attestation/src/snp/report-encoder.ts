import { writeLe } from "../byte-reader.ts";
import { encodeGuestPolicy } from "./guest-policy.ts";
import type { FirmwareVersion, SnpReport, SnpSigningKey } from "./report.ts";
import {
  BYTE_FIELDS,
  COMMITTED_VERSION_OFFSET,
  CPUID_OFFSET,
  CURRENT_MIT_OFFSET,
  CURRENT_VERSION_OFFSET,
  LAUNCH_MIT_OFFSET,
  NUMBER_BYTES,
  SIGNATURE_OFFSETS,
  SNP_REPORT_BYTES,
} from "./report-layout.ts";

/** What an issuer of reports chooses. */
export type SnpReportFields = Pick<SnpReport, "version"> &
  Partial<
    Omit<SnpReport, "raw" | "version" | "layout" | "policyBits" | "platformInfoBits" | "product">
  >;

const SIGNING_KEY_NUMBERS: Readonly<Record<SnpSigningKey, number>> = { VCEK: 0, VLEK: 1, none: 7 };
const NO_VERSION: FirmwareVersion = { major: 0, minor: 0, build: 0 };

/**
 * The 1184 bytes of a report: the inverse of `parseSnpReport`. What is left out is zero, but for
 * the policy (SMT allowed) and the signature algorithm (1). Report data shorter than 64 bytes is
 * zero-padded. Throws a TypeError for what does not fit, or does not exist in that version.
 */
export function encodeSnpReport(fields: SnpReportFields): Uint8Array {
  checkFitsVersion(fields);
  const { currentVersion = NO_VERSION, committedVersion = NO_VERSION } = fields;
  const { policy = encodeGuestPolicy({ smt: true }), platformInfo = 0n, cpuid } = fields;
  const out = new Uint8Array(SNP_REPORT_BYTES);
  const view = new DataView(out.buffer);
  out.set(word("version", fields.version), 0x00);
  out.set(word("guestSvn", fields.guestSvn), 0x04);
  out.set(word("vmpl", fields.vmpl), 0x30);
  out.set(word("signatureAlgo", fields.signatureAlgo ?? 1), 0x34);
  view.setBigUint64(0x08, policy, true);
  view.setBigUint64(0x40, platformInfo, true);
  view.setUint32(0x48, signerFlags(fields), true);
  for (const [name, offset, length] of BYTE_FIELDS) {
    const bytes = fields[name] ?? new Uint8Array(length);
    const fits = bytes.length === length || (name === "reportData" && bytes.length < length);
    if (!fits) throw new TypeError(`${name} has ${bytes.length} bytes, ${length} needed`);
    out.set(bytes, offset);
  }
  if (cpuid !== undefined) out.set([cpuid.family, cpuid.model, cpuid.stepping], CPUID_OFFSET);
  out.set(versionBytes(currentVersion), CURRENT_VERSION_OFFSET);
  out.set(versionBytes(committedVersion), COMMITTED_VERSION_OFFSET);
  if (fields.version >= 5) {
    view.setBigUint64(LAUNCH_MIT_OFFSET, fields.launchMitVector ?? 0n, true);
    view.setBigUint64(CURRENT_MIT_OFFSET, fields.currentMitVector ?? 0n, true);
  }
  return fields.signature === undefined ? out : withSnpSignature(out, fields.signature);
}

/** A copy of `report` that carries `signature`: r‖s, 96 bytes big endian, over its first 672 bytes. */
export function withSnpSignature(report: Uint8Array, signature: Uint8Array): Uint8Array {
  if (report.length !== SNP_REPORT_BYTES || signature.length !== 2 * NUMBER_BYTES) {
    throw new TypeError(`report has ${report.length} bytes, its signature ${signature.length}`);
  }
  const out = new Uint8Array(report);
  SIGNATURE_OFFSETS.forEach((offset, i) => {
    const number = signature.subarray(i * NUMBER_BYTES, (i + 1) * NUMBER_BYTES);
    out.set(new Uint8Array(number).reverse(), offset);
  });
  return out;
}

function checkFitsVersion(fields: SnpReportFields): void {
  const { version, cpuid, launchMitVector, currentMitVector } = fields;
  const hasVectors = launchMitVector !== undefined || currentMitVector !== undefined;
  if ((cpuid !== undefined && version < 3) || (hasVectors && version < 5)) {
    throw new TypeError(`version ${version} has no field for all that is given`);
  }
}

function word(name: string, value = 0): Uint8Array {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return writeLe(value, 4);
  throw new TypeError(`${name} is ${value}, which does not fit 4 bytes`);
}

function signerFlags({ signerInfo }: SnpReportFields): number {
  if (signerInfo === undefined) return 0;
  const { authorKeyEn, maskChipKey, signingKey } = signerInfo;
  return Number(authorKeyEn) | (Number(maskChipKey) << 1) | (SIGNING_KEY_NUMBERS[signingKey] << 2);
}

function versionBytes({ major, minor, build }: FirmwareVersion): number[] {
  return [build, minor, major];
}
