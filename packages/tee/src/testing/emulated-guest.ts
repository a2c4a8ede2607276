import { CERT_TABLE_GUID, encodeCertTable } from "@carrara/attestation";
import { concatBytes } from "@carrara/encoding";
import type { FileOps } from "../evidence/file-ops.ts";
import { createEmulatedKernel, type EmulatedKernel } from "./emulated-kernel.ts";
import { createEmulatedTsm, type EmulatedProvider, type EmulatedTsm } from "./emulated-tsm.ts";
import { sampleSnpReport, sampleTdxQuote } from "./sample-evidence.ts";

/** Where entries of configfs-tsm are. */
export const TSM_DIRECTORY = "/sys/kernel/config/tsm/report";

/** A driver of TDX guests. */
export const TDX_PROVIDER: EmulatedProvider = {
  name: "sim_tdx_guest",
  makeReport: (reportData) => sampleTdxQuote(reportData),
};

/** A driver of SNP guests; its certificate table says whose it is. */
export const SNP_PROVIDER: EmulatedProvider = {
  name: "sim_sev_guest",
  makeReport: (reportData, vmpl) => sampleSnpReport(reportData, vmpl),
  privilegeFloor: 1,
  auxBlob: (reportData) => tableFor(reportData),
};

/** The certificate table that {@link SNP_PROVIDER} gives. */
export function tableFor(reportData: Uint8Array): Uint8Array {
  return encodeCertTable([{ guid: CERT_TABLE_GUID.vcek, data: reportData }]);
}

/** A guest with configfs-tsm and nothing else. */
export function createEmulatedGuest(
  provider: EmulatedProvider | undefined,
  generations?: number,
): { readonly kernel: EmulatedKernel; readonly tsm: EmulatedTsm } {
  const tsm = createEmulatedTsm(provider, generations);
  return { tsm, kernel: createEmulatedKernel({ tsm: tsm.directory }) };
}

/** What a file holds, by calls of `ops`. */
export async function readFileBy(ops: FileOps, path: string): Promise<Uint8Array> {
  const file = await ops.open(path, "read");
  try {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const chunk = new Uint8Array(1000);
      const count = await file.read(chunk);
      if (count === 0) return concatBytes(...chunks);
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    await file.close();
  }
}

/** Opens, writes once and closes, by calls of `ops`. */
export async function writeFileBy(ops: FileOps, path: string, bytes: Uint8Array): Promise<void> {
  const file = await ops.open(path, "write");
  try {
    await file.write(bytes);
  } finally {
    await file.close();
  }
}
