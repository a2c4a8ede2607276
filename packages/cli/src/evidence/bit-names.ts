/** Names of bits by number, the lowest of the first byte being 0. */
export type BitNames = Readonly<Record<number, string>>;

/** Flags of an enclave's ATTRIBUTES, first 8 bytes. */
export const SGX_FLAGS: BitNames = {
  0: "INIT",
  1: "DEBUG",
  2: "MODE64BIT",
  4: "PROVISIONKEY",
  5: "EINITTOKEN_KEY",
  6: "CET",
  7: "KSS",
  10: "AEX_NOTIFY",
};

/** Features of XFRM (last 8 bytes of ATTRIBUTES) and of a TD's XFAM, which are those of XCR0. */
export const XSAVE_FEATURES: BitNames = {
  0: "X87",
  1: "SSE",
  2: "AVX",
  3: "BNDREGS",
  4: "BNDCSR",
  5: "AVX512_OPMASK",
  6: "AVX512_ZMM_HI256",
  7: "AVX512_HI16_ZMM",
  8: "PT",
  9: "PKRU",
  10: "PASID",
  11: "CET_U",
  12: "CET_S",
  13: "HDC",
  14: "UINTR",
  15: "LBR",
  16: "HWP",
  17: "AMX_TILECFG",
  18: "AMX_TILEDATA",
  19: "APX",
};

/** What MISCSELECT adds to the state that is saved at an exit. */
export const MISC_FLAGS: BitNames = { 0: "EXINFO", 1: "CPINFO" };

/** TDATTRIBUTES (specification attestation section 1.4). */
export const TD_FLAGS: BitNames = {
  0: "DEBUG",
  4: "HGS_PLUS_PROF",
  5: "PERF_PROF",
  6: "PMT_PROF",
  16: "ICSSD",
  27: "LASS",
  28: "SEPT_VE_DISABLE",
  29: "MIGRATABLE",
  30: "PKS",
  31: "KL",
  62: "TPA",
  63: "PERFMON",
};

/** The bits of little-endian `bytes` that are set, by name; `bit 9` where there is none. */
export function setBits(bytes: Uint8Array, names: BitNames): string[] {
  const bits = Array.from({ length: 8 * bytes.length }, (_, bit) => bit);
  return bits
    .filter((bit) => (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1)
    .map((bit) => names[bit] ?? `bit ${bit}`);
}
