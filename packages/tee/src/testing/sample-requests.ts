/** A platform that the fake vendor knows, and what a cache asks about it. */
export const SGX_REQUEST = { fmspc: "00906ed50000", tee: "sgx", ca: "processor" } as const;

/** A TDX platform that the fake vendor knows. */
export const TDX_REQUEST = { fmspc: "00806f050000", tee: "tdx", ca: "platform" } as const;

/** A chip of AMD's and its firmware. */
export const MILAN_REQUEST = {
  product: "Milan",
  hwId: new Uint8Array(64).fill(7) as Uint8Array,
  tcb: { bootloader: 3, tee: 0, snp: 10, microcode: 209 },
} as const;
