/** Flags of a guest policy by bit (section 1.7). */
const POLICY_BITS = {
  smt: 16,
  migrateMa: 18,
  debug: 19,
  singleSocket: 20,
  cxlAllow: 21,
  memAes256Xts: 22,
  raplDis: 23,
  ciphertextHiding: 24,
  pageSwapDisable: 25,
} as const;

/** Flags of PLATFORM_INFO by bit (section 1.7). */
const PLATFORM_BITS = {
  smt: 0,
  tsme: 1,
  ecc: 2,
  raplDis: 3,
  ciphertextHiding: 4,
  aliasCheckComplete: 5,
  tio: 7,
} as const;

/** Bit 17 of a guest policy, which is always set. */
const ALWAYS_SET = 1n << 17n;

export type GuestPolicyFlag = keyof typeof POLICY_BITS;
export type PlatformInfoFlag = keyof typeof PLATFORM_BITS;

/** What the guest's owner demanded at launch: the least firmware ABI, and flags. */
export interface GuestPolicy extends Readonly<Record<GuestPolicyFlag, boolean>> {
  readonly abiMinor: number;
  readonly abiMajor: number;
}

/** How the platform is set up. */
export interface PlatformInfo extends Readonly<Record<PlatformInfoFlag, boolean>> {}

function flagsOf<T extends string>(
  value: bigint,
  bits: Readonly<Record<T, number>>,
): Record<T, boolean> {
  const names = Object.keys(bits) as T[];
  const flags = names.map((name) => [name, ((value >> BigInt(bits[name])) & 1n) === 1n]);
  return Object.fromEntries(flags) as Record<T, boolean>;
}

/** Reads the POLICY word. */
export function decodeGuestPolicy(value: bigint): GuestPolicy {
  const abiMinor = Number(value & 0xffn);
  const abiMajor = Number((value >> 8n) & 0xffn);
  return { abiMinor, abiMajor, ...flagsOf(value, POLICY_BITS) };
}

/** Whether the bits of a POLICY word that nobody may choose are as they must be. */
export function isWellFormedPolicy(value: bigint): boolean {
  return (value & ALWAYS_SET) !== 0n && value >> 26n === 0n;
}

/** The POLICY word of what is given; what is left out is zero or false. */
export function encodeGuestPolicy(policy: Partial<GuestPolicy>): bigint {
  const { abiMinor = 0, abiMajor = 0 } = policy;
  let value = ALWAYS_SET | BigInt(abiMinor) | (BigInt(abiMajor) << 8n);
  for (const [name, bit] of Object.entries(POLICY_BITS)) {
    if (policy[name as GuestPolicyFlag] === true) value |= 1n << BigInt(bit);
  }
  return value;
}

/** Reads the PLATFORM_INFO word; bits without a name are dropped. */
export function decodePlatformInfo(value: bigint): PlatformInfo {
  return flagsOf(value, PLATFORM_BITS);
}
