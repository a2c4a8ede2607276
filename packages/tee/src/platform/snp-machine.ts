import type { SnpCpuid, SnpProduct, SnpTcb } from "@carrara/attestation";
import { utf8 } from "@carrara/encoding";
import type { PlatformScenario } from "./scenario.ts";

const CHIP_ID_BYTES = 64;
const TURIN_ID_BYTES = 8;

/** What tells a machine from one of another product. */
export interface SnpMachine {
  readonly cpuid: SnpCpuid;
  readonly tcb: SnpTcb;
  /** What a VEK calls it. */
  readonly name: string;
}

/** What current machines of each product are like. */
export const SNP_MACHINES: Readonly<Record<SnpProduct, SnpMachine>> = {
  Milan: {
    cpuid: { family: 0x19, model: 0x01, stepping: 1 },
    tcb: { bootloader: 4, tee: 0, snp: 24, microcode: 219 },
    name: "Milan-B0",
  },
  Genoa: {
    cpuid: { family: 0x19, model: 0x11, stepping: 1 },
    tcb: { bootloader: 10, tee: 0, snp: 24, microcode: 84 },
    name: "Genoa",
  },
  Turin: {
    cpuid: { family: 0x1a, model: 0x02, stepping: 1 },
    tcb: { fmc: 1, bootloader: 1, tee: 1, snp: 4, microcode: 72 },
    name: "Turin",
  },
};

/** REPORTED_TCB of the machine. */
export function snpTcb({ product, snpTcb: changes }: PlatformScenario): SnpTcb {
  return { ...SNP_MACHINES[product].tcb, ...changes };
}

/** The hardware id of the chip: 64 bytes, or 8 on Turin. */
export function chipId(product: SnpProduct): Uint8Array {
  const id = new Uint8Array(product === "Turin" ? TURIN_ID_BYTES : CHIP_ID_BYTES);
  id.set(utf8("SIMULATED").subarray(0, id.length));
  return id;
}

/** The hardware id as reports carry it: 64 bytes, zeros at the end. */
export function paddedChipId(product: SnpProduct): Uint8Array {
  const padded = new Uint8Array(CHIP_ID_BYTES);
  padded.set(chipId(product));
  return padded;
}
