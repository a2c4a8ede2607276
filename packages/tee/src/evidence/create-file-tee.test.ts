import {
  AMD_ROOTS,
  CERT_TABLE_GUID,
  encodeCertTable,
  encodeSnpReport,
  INTEL_SGX_ROOT,
} from "@carrara/attestation";
import { concatBytes } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { emulatedGramineDirectory } from "../testing/emulated-gramine.ts";
import { SNP_PROVIDER, TDX_PROVIDER, tableFor } from "../testing/emulated-guest.ts";
import { createEmulatedKernel, type EmulatedKernelOptions } from "../testing/emulated-kernel.ts";
import { createEmulatedTsm, type EmulatedProvider } from "../testing/emulated-tsm.ts";
import { errorCodeOf } from "../testing/error-code.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { sampleSgxQuote, sampleSnpReport, sampleTdxQuote } from "../testing/sample-evidence.ts";
import { paperAnchor, simulatedFiles } from "../testing/simulated-files.ts";
import { createFileTee, openFileTee } from "./create-file-tee.ts";
import type { EvidenceFiles } from "./evidence-files.ts";
import { createLock } from "./lock.ts";

const NO_TABLE: Uint8Array = new Uint8Array();
const DATA = new Uint8Array(64).fill(9);
const GRAMINE: EmulatedKernelOptions = {
  attestation: emulatedGramineDirectory({
    attestationType: "dcap",
    makeQuote: sampleSgxQuote,
    mrEnclaveKey: new Uint8Array(16).fill(1),
    mrSignerKey: new Uint8Array(16).fill(2),
  }),
};
const guest = (provider: EmulatedProvider): EmulatedKernelOptions => ({
  tsm: createEmulatedTsm(provider).directory,
});

function emulated(
  options: EmulatedKernelOptions,
  vendor: "intel" | "amd" = "intel",
): EvidenceFiles {
  return simulatedFiles(createMemoryFileOps(createEmulatedKernel(options)), vendor);
}

/** What the real file system would be: only the tests of this package can make one up. */
function hardware(options: EmulatedKernelOptions): EvidenceFiles {
  const ops = createMemoryFileOps(createEmulatedKernel(options));
  return { source: "hardware", ops, lock: createLock() };
}

/** The driver of a real SNP guest whose report has the given fields. */
function snpHardware(
  fields: Partial<Parameters<typeof encodeSnpReport>[0]>,
  table: Uint8Array = new Uint8Array(),
): EvidenceFiles {
  return hardware(
    guest({
      ...SNP_PROVIDER,
      name: "sev_guest",
      makeReport: (reportData) => encodeSnpReport({ version: 3, reportData, ...fields }),
      auxBlob: () => table,
    }),
  );
}

const milan = AMD_ROOTS.find(({ name }) => name === "ARK-Milan") ?? paperAnchor("amd");

describe("a tee of emulated files", () => {
  test.each([
    ["gramine", GRAMINE, "intel", "sgx", sampleSgxQuote(DATA)],
    ["a TDX guest", guest(TDX_PROVIDER), "intel", "tdx", sampleTdxQuote(DATA)],
    [
      "an SNP guest, with the table behind the report",
      guest(SNP_PROVIDER),
      "amd",
      "snp",
      concatBytes(sampleSnpReport(DATA), tableFor(DATA)),
    ],
  ] as const)("is a simulation: %s", async (_, options, vendor, kind, evidence) => {
    const files = emulated(options, vendor);
    const tee = await createFileTee({ files });
    expect(tee).toMatchObject({ tee: kind, assurance: "simulation" });
    expect(tee.trustAnchor).toEqual(paperAnchor(vendor));
    expect(await tee.getEvidence(DATA)).toEqual(evidence);
  });

  test.each([
    ["gramine and AMD", GRAMINE, "amd"],
    ["an SNP guest and Intel", guest(SNP_PROVIDER), "intel"],
  ] as const)(
    "whose anchor is of the wrong vendor is a TypeError: %s",
    async (_, options, vendor) => {
      await expect(createFileTee({ files: emulated(options, vendor) })).rejects.toThrow(TypeError);
    },
  );

  test("is not made from files that only call themselves hardware: TypeError", async () => {
    await expect(createFileTee({ files: hardware(GRAMINE) })).rejects.toThrow(TypeError);
  });

  test("asks for the privilege level it was made with", async () => {
    const tee = await createFileTee({
      files: emulated(guest(SNP_PROVIDER), "amd"),
      privilegeLevel: 3,
    });
    const evidence = await tee.getEvidence(DATA);
    expect(evidence.subarray(0, 1184)).toEqual(sampleSnpReport(DATA, 3));
  });
});

describe("a sealing key of a tee", () => {
  test("of gramine has 32 bytes and differs by policy", async () => {
    const tee = await createFileTee({ files: emulated(GRAMINE) });
    const unique = await tee.getSealingKey("unique");
    expect(unique).toHaveLength(32);
    expect(await tee.getSealingKey("unique")).toEqual(unique);
    expect(await tee.getSealingKey("product")).not.toEqual(unique);
  });

  test.each([
    ["TDX", TDX_PROVIDER, "intel"],
    ["SNP", SNP_PROVIDER, "amd"],
  ] as const)("of %s does not exist: EVIDENCE_UNAVAILABLE", async (_, provider, vendor) => {
    const tee = await createFileTee({ files: emulated(guest(provider), vendor) });
    expect(await errorCodeOf(tee.getSealingKey("product"))).toBe("EVIDENCE_UNAVAILABLE");
  });
});

describe("a tee of hardware files", () => {
  test.each([
    ["gramine", GRAMINE],
    ["a TDX guest", guest({ ...TDX_PROVIDER, name: "tdx_guest" })],
  ])("chains to Intel: %s", async (_, options) => {
    const tee = await openFileTee(hardware(options), {});
    expect(tee.assurance).toBe("hardware");
    expect(tee.trustAnchor).toBe(INTEL_SGX_ROOT);
  });

  test.each([
    ["Milan", { family: 0x19, model: 0x01, stepping: 1 }],
    ["Genoa", { family: 0x19, model: 0x11, stepping: 1 }],
    ["Turin", { family: 0x1a, model: 0x02, stepping: 1 }],
  ])("chains to the root of its processor: %s", async (product, cpuid) => {
    const tee = await openFileTee(snpHardware({ cpuid }), {});
    expect(tee).toMatchObject({ tee: "snp", assurance: "hardware" });
    expect(tee.trustAnchor.name).toBe(`ARK-${product}`);
    expect(AMD_ROOTS).toContain(tee.trustAnchor);
  });

  test("chains to the root beside a report that names no processor", async () => {
    const table = encodeCertTable([{ guid: CERT_TABLE_GUID.ark, data: milan.certificate }]);
    const tee = await openFileTee(snpHardware({ version: 2 }, table), {});
    expect(tee.trustAnchor).toBe(milan);
  });

  test.each([
    ["an unknown processor", { cpuid: { family: 0x1b, model: 0, stepping: 0 } }, NO_TABLE],
    ["version 2 without a table", { version: 2 }, NO_TABLE],
    [
      "version 2 with Intel's root for an ARK",
      { version: 2 },
      encodeCertTable([{ guid: CERT_TABLE_GUID.ark, data: INTEL_SGX_ROOT.certificate }]),
    ],
    [
      "version 2 with no certificate for an ARK",
      { version: 2 },
      encodeCertTable([{ guid: CERT_TABLE_GUID.ark, data: DATA }]),
    ],
    ["version 2 with another certificate alone", { version: 2 }, tableFor(DATA)],
  ])("without a known root is EVIDENCE_UNAVAILABLE: %s", async (_, fields, table) => {
    const files = snpHardware(fields, table);
    expect(await errorCodeOf(openFileTee(files, {}))).toBe("EVIDENCE_UNAVAILABLE");
    expect((await openFileTee(files, { amdRoot: milan })).trustAnchor).toBe(milan);
  });

  test.each([
    ["Intel's", INTEL_SGX_ROOT],
    ["a simulation", paperAnchor("amd")],
    ["a copy", { ...milan }],
  ])("takes no other root than AMD's: %s is a TypeError", async (_, amdRoot) => {
    const files = snpHardware({ version: 2 });
    await expect(openFileTee(files, { amdRoot })).rejects.toThrow(TypeError);
  });

  test("is refused an emulated driver: EVIDENCE_PROVIDER", async () => {
    const code = await errorCodeOf(openFileTee(hardware(guest(TDX_PROVIDER)), {}));
    expect(code).toBe("EVIDENCE_PROVIDER");
  });
});
