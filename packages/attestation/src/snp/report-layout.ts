/** Size of a report in bytes (section 1.7). */
export const SNP_REPORT_BYTES = 0x4a0;
/** Bytes at the start of a report that its signature covers. */
export const SNP_SIGNED_BYTES = 0x2a0;
/** Where r and s lie, each little endian and zero-padded to `NUMBER_FIELD_BYTES`. */
export const SIGNATURE_OFFSETS: readonly number[] = [0x2a0, 0x2e8];
/** Bytes of a number on P-384, and of the field that holds one. */
export const NUMBER_BYTES = 48;
const NUMBER_FIELD_BYTES = 72;

/** The newest layout that is known. */
export const NEWEST_LAYOUT = 5;

/** Where CPUID (family, model, stepping; from version 3 on) and the mitigation vectors (5) lie. */
export const CPUID_OFFSET = 0x188;
export const LAUNCH_MIT_OFFSET = 0x1f8;
export const CURRENT_MIT_OFFSET = 0x200;

/** Where firmware versions lie: build, minor, major. */
export const CURRENT_VERSION_OFFSET = 0x1e8;
export const COMMITTED_VERSION_OFFSET = 0x1ec;

/** Fields that stay bytes: name, offset and length. */
export const BYTE_FIELDS = [
  ["familyId", 0x10, 16],
  ["imageId", 0x20, 16],
  ["currentTcb", 0x38, 8],
  ["reportData", 0x50, 64],
  ["measurement", 0x90, 48],
  ["hostData", 0xc0, 32],
  ["idKeyDigest", 0xe0, 48],
  ["authorKeyDigest", 0x110, 48],
  ["reportId", 0x140, 32],
  ["reportIdMa", 0x160, 32],
  ["reportedTcb", 0x180, 8],
  ["chipId", 0x1a0, 64],
  ["committedTcb", 0x1e0, 8],
  ["launchTcb", 0x1f0, 8],
] as const;

export type ByteField = (typeof BYTE_FIELDS)[number][0];

/**
 * Ranges that must be zero in reports of `layout`. Those from 0x2a0 on are not signed: only this
 * check keeps anybody from changing them.
 */
export function reservedRanges(layout: number): readonly (readonly [start: number, end: number])[] {
  return [
    [0x4c, 0x50],
    [layout === 2 ? CPUID_OFFSET : CPUID_OFFSET + 3, 0x1a0],
    [0x1eb, 0x1ec],
    [0x1ef, 0x1f0],
    [layout < 4 ? LAUNCH_MIT_OFFSET : 0x208, 0x2a0],
    ...SIGNATURE_OFFSETS.map(
      (offset) => [offset + NUMBER_BYTES, offset + NUMBER_FIELD_BYTES] as const,
    ),
    [0x330, SNP_REPORT_BYTES],
  ];
}
