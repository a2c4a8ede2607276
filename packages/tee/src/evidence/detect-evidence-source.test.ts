import { INTEL_SGX_ROOT } from "@carrara/attestation";
import { describe, expect, test } from "vitest";
import { emulatedGramineDirectory } from "../testing/emulated-gramine.ts";
import { SNP_PROVIDER, TDX_PROVIDER } from "../testing/emulated-guest.ts";
import { createEmulatedKernel, type EmulatedKernelOptions } from "../testing/emulated-kernel.ts";
import { createEmulatedTsm } from "../testing/emulated-tsm.ts";
import { errorCodeOf } from "../testing/error-code.ts";
import { interceptFileOps } from "../testing/intercept-file-ops.ts";
import { errnoError, type KernelDirectory } from "../testing/kernel-node.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { sampleSgxQuote, sampleTdxQuote } from "../testing/sample-evidence.ts";
import { simulatedFiles } from "../testing/simulated-files.ts";
import { detectEvidenceSource, findEvidenceSource } from "./detect-evidence-source.ts";
import { createEmulatedFiles, type EvidenceFiles } from "./evidence-files.ts";
import { createLock } from "./lock.ts";

function gramine(attestationType = "dcap"): KernelDirectory {
  const key = new Uint8Array(16);
  return emulatedGramineDirectory({
    attestationType,
    makeQuote: sampleSgxQuote,
    mrEnclaveKey: key,
    mrSignerKey: key,
  });
}

const tsm = (provider = TDX_PROVIDER): KernelDirectory => createEmulatedTsm(provider).directory;
const NO_PROVIDER = createEmulatedTsm(undefined).directory;

function filesOf(options: EmulatedKernelOptions): EvidenceFiles {
  return simulatedFiles(createMemoryFileOps(createEmulatedKernel(options)));
}

describe("the evidence source", () => {
  test.each<[string, EmulatedKernelOptions, string, string]>([
    ["gramine alone", { attestation: gramine() }, "gramine", "sgx"],
    ["gramine ahead of all", { attestation: gramine(), tsm: tsm(), tpm: true }, "gramine", "sgx"],
    ["a TDX guest", { tsm: tsm() }, "configfs-tsm", "tdx"],
    ["an SNP guest", { tsm: tsm(SNP_PROVIDER) }, "configfs-tsm", "snp"],
    ["configfs-tsm ahead of a vTPM", { tsm: tsm(), tpm: true }, "configfs-tsm", "tdx"],
  ])("is found: %s", async (_, options, kind, tee) => {
    const found = await detectEvidenceSource({ files: filesOf(options) });
    expect(found).toMatchObject({ kind, tee, source: "emulated" });
  });

  test.each<[string, EmulatedKernelOptions, string]>([
    ["nothing", {}, "is configfs mounted, and tdx_guest or sev_guest loaded"],
    ["configfs without a driver", { tsm: NO_PROVIDER }, "configfs-tsm has no provider"],
    ["kernel 6.6", { release: "6.6.99-old" }, "the kernel is older than 6.7"],
    ["kernel 5.15", { release: "5.15.0" }, "the kernel is older than 6.7"],
    ["kernel 6.7", { release: "6.7.0" }, "configfs-tsm has no provider"],
    ["kernel 10.0", { release: "10.0.0" }, "configfs-tsm has no provider"],
    ["a vTPM alone", { tpm: true }, "a vTPM is here, but obtaining evidence from one is not built"],
    ["gramine without attestation", { attestation: gramine("none"), tsm: tsm() }, "type is none"],
  ])("is EVIDENCE_UNAVAILABLE, never a simulation: %s", async (_, options, message) => {
    await expect(detectEvidenceSource({ files: filesOf(options) })).rejects.toMatchObject({
      name: "TeeError",
      code: "EVIDENCE_UNAVAILABLE",
      message: expect.stringContaining(message),
    });
  });

  test.each([
    ["a TPM that may not be opened", "/dev/tpmrm0", "EACCES", "EVIDENCE_UNAVAILABLE", "vTPM"],
    ["a TPM whose driver is away", "/dev/tpmrm0", "ENXIO", "EVIDENCE_UNAVAILABLE", "no provider"],
    [
      "a kernel of no version",
      "/proc/sys/kernel/osrelease",
      "EACCES",
      "EVIDENCE_UNAVAILABLE",
      "no",
    ],
    ["configfs of root alone", "/sys/kernel/config", "EACCES", "EVIDENCE_IO", "run as root"],
    ["configfs for reading", "/sys/kernel/config", "EROFS", "EVIDENCE_IO", "write access"],
  ])("with %s: %s %s gives %s, %s", async (_, prefix, errno, code, message) => {
    const { ops, ...rest } = filesOf({ tpm: true });
    const failing = interceptFileOps(ops, ({ path }) => {
      if (path.startsWith(prefix)) throw errnoError(errno);
    });
    const files = { ...rest, ops: failing } as EvidenceFiles;
    await expect(detectEvidenceSource({ files })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(prefix.includes("osrelease") ? "vTPM" : message),
    });
  });

  test("leaves no entry behind its search", async () => {
    const directory = tsm();
    await detectEvidenceSource({ files: filesOf({ tsm: directory }) });
    expect(directory.list()).toEqual([]);
  });

  test("pads report data to 64 bytes, and refuses more", async () => {
    const source = await detectEvidenceSource({ files: filesOf({ tsm: tsm() }) });
    const padded = new Uint8Array(64);
    padded.set([1, 2]);
    const { evidence } = await source.getEvidence(new Uint8Array([1, 2]));
    expect(evidence).toEqual(sampleTdxQuote(padded));
    await expect(source.getEvidence(new Uint8Array(65))).rejects.toThrow(TypeError);
  });

  test("takes report data as they were when it was asked", async () => {
    const { ops, ...rest } = filesOf({ tsm: tsm() });
    const reportData = new Uint8Array(64).fill(1);
    const changing = interceptFileOps(ops, () => {
      reportData.fill(2);
    });
    const files = { ...rest, ops: changing } as EvidenceFiles;
    const source = await detectEvidenceSource({ files });
    reportData.fill(1);
    const { evidence } = await source.getEvidence(reportData);
    expect(evidence).toEqual(sampleTdxQuote(new Uint8Array(64).fill(1)));
  });

  test("that hangs ends with EVIDENCE_IO in time", async () => {
    const { ops, ...rest } = filesOf({ tsm: tsm() });
    let hang = false;
    const hanging = interceptFileOps(ops, async () => {
      if (hang) await new Promise(() => undefined);
    });
    const files = { ...rest, ops: hanging } as EvidenceFiles;
    const source = await detectEvidenceSource({ files, timeoutMs: 20 });
    hang = true;
    expect(await errorCodeOf(source.getEvidence(new Uint8Array()))).toBe("EVIDENCE_IO");
    expect(await errorCodeOf(detectEvidenceSource({ files, timeoutMs: 20 }))).toBe("EVIDENCE_IO");
  });

  test.each([-1, 4, 1.5, Number.NaN])("has no privilege level %d: TypeError", async (level) => {
    const found = detectEvidenceSource({ files: filesOf({}), privilegeLevel: level });
    await expect(found).rejects.toThrow(TypeError);
  });

  test("of files that only call themselves hardware is a TypeError", async () => {
    const { ops, lock } = filesOf({ tsm: tsm() });
    const forged = { source: "hardware", ops, lock } as const;
    await expect(detectEvidenceSource({ files: forged })).rejects.toThrow(TypeError);
  });

  test("is emulated where its files are, even under a hardware driver's name", async () => {
    const { ops } = filesOf({ tsm: tsm({ ...TDX_PROVIDER, name: "tdx_guest" }) });
    const hardware = { source: "hardware", ops, lock: createLock() } as const;
    expect((await findEvidenceSource(hardware, {})).source).toBe("hardware");
    const emulated = detectEvidenceSource({ files: simulatedFiles(ops) });
    expect(await errorCodeOf(emulated)).toBe("EVIDENCE_PROVIDER");
  });

  test("emulated files with a hardware anchor are a TypeError", () => {
    const { ops } = filesOf({});
    const make = (): EvidenceFiles => createEmulatedFiles({ ops, trustAnchor: INTEL_SGX_ROOT });
    expect(make).toThrow(TypeError);
  });
});
