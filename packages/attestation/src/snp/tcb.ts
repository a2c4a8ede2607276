import type { SnpProduct } from "./product.ts";

/** Size of a TCB_VERSION in bytes. */
const TCB_BYTES = 8;

/** Security versions of a platform's firmware, each 0 to 255. */
export interface SnpTcb {
  readonly bootloader: number;
  readonly tee: number;
  readonly snp: number;
  readonly microcode: number;
  /** Turin only. */
  readonly fmc?: number;
}

export type SnpTcbComponent = keyof SnpTcb;

type Offsets = Readonly<Partial<Record<SnpTcbComponent, number>>>;

const MILAN: Offsets = { bootloader: 0, tee: 1, snp: 6, microcode: 7 };
const TURIN: Offsets = { bootloader: 1, tee: 2, snp: 3, microcode: 7, fmc: 0 };

/** Where each component lies in the 8 bytes, by product (section 1.7). */
const OFFSETS: Readonly<Record<SnpProduct, Offsets>> = { Milan: MILAN, Genoa: MILAN, Turin: TURIN };

const COMPONENTS: readonly SnpTcbComponent[] = ["bootloader", "tee", "snp", "microcode", "fmc"];

/** The components of a TCB_VERSION in the byte order of `product`. */
export function decodeSnpTcb(raw: Uint8Array, product: SnpProduct): SnpTcb {
  const { bootloader = 0, tee = 0, snp = 0, microcode = 0, fmc } = OFFSETS[product];
  const at = (offset: number): number => raw[offset] ?? 0;
  const common = {
    bootloader: at(bootloader),
    tee: at(tee),
    snp: at(snp),
    microcode: at(microcode),
  };
  return fmc === undefined ? common : { ...common, fmc: at(fmc) };
}

/** The 8 bytes of a TCB_VERSION. Throws a TypeError for a component that `product` does not have. */
export function encodeSnpTcb(tcb: SnpTcb, product: SnpProduct): Uint8Array {
  const out = new Uint8Array(TCB_BYTES);
  for (const component of COMPONENTS) {
    const value = tcb[component];
    const offset = OFFSETS[product][component];
    if ((value === undefined) !== (offset === undefined) || !isSecurityVersion(value ?? 0)) {
      throw new TypeError(`${component} of ${product} is ${value}, which is no security version`);
    }
    if (offset !== undefined) out[offset] = value ?? 0;
  }
  return out;
}

function isSecurityVersion(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xff;
}

/** Whether both have the same components with the same versions. */
export function isSameTcb(a: SnpTcb, b: SnpTcb): boolean {
  return COMPONENTS.every((component) => a[component] === b[component]);
}

/**
 * The components of `needed` that `tcb` is below or does not have. A bound that is no number, or of
 * a component that does not exist, which untyped code can hand in, counts as not met.
 */
export function componentsBelow(tcb: SnpTcb, needed: Partial<SnpTcb>): SnpTcbComponent[] {
  const named = Object.keys(needed) as SnpTcbComponent[];
  return named.filter((component) => {
    const bound = needed[component];
    return bound !== undefined && !((tcb[component] ?? -1) >= bound);
  });
}
