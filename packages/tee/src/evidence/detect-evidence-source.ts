import type { TeeKind } from "@carrara/attestation";
import { isSystemError } from "@carrara/files";
import { TeeError } from "../error.ts";
import { probeTsm, requestTsmReport } from "./configfs-tsm.ts";
import { withDeadline } from "./deadline.ts";
import {
  type EvidenceFiles,
  type EvidenceOrigin,
  HARDWARE_FILES,
  requireHonestSource,
} from "./evidence-files.ts";
import { type FileEvidence, padReportData } from "./file-evidence.ts";
import type { FileOps } from "./file-ops.ts";
import { isInGramine, requestGramineQuote } from "./gramine.ts";
import { isKernelOlder } from "./kernel-release.ts";

/** The kernel itself gives a quoting service 30 seconds, and a busy SNP host 60. */
export const DEFAULT_TIMEOUT_MS = 90_000;
const MAX_PRIVILEGE_LEVEL = 3;

/** A place on this machine that evidence comes from. */
export interface EvidenceSource {
  readonly kind: "gramine" | "configfs-tsm";
  readonly tee: TeeKind;
  readonly source: EvidenceOrigin;
  /**
   * Evidence over `reportData`, at most 64 bytes, padded with zeros at the end. Throws
   * `EVIDENCE_RACE`, `EVIDENCE_PROVIDER`, `EVIDENCE_UNAVAILABLE`, `EVIDENCE_IO`.
   */
  getEvidence(reportData: Uint8Array): Promise<FileEvidence>;
}

/** How evidence is looked for and asked for. */
export interface EvidenceSourceOptions {
  /** Default {@link HARDWARE_FILES}. */
  readonly files?: EvidenceFiles;
  /** SNP only: the VMPL that reports speak for, 0 to 3; default is the kernel's. */
  readonly privilegeLevel?: number;
  /** For one piece of evidence, and for the search; default 90 seconds. */
  readonly timeoutMs?: number;
}

/**
 * Finds what this machine attests with (attestation specification section 7.3): Gramine, then
 * configfs-tsm. Anything else is an error: a simulation is asked for by name and never fallen back
 * to. Throws `EVIDENCE_UNAVAILABLE`, `EVIDENCE_PROVIDER`, `EVIDENCE_IO`.
 */
export async function detectEvidenceSource(
  options: EvidenceSourceOptions = {},
): Promise<EvidenceSource> {
  requireOptions(options);
  return await findEvidenceSource(options.files ?? HARDWARE_FILES, options);
}

/** Refuses, with TypeError, dishonest files and a privilege level that cannot be. */
export function requireOptions(options: EvidenceSourceOptions): void {
  if (options.files !== undefined) requireHonestSource(options.files);
  requirePrivilegeLevel(options.privilegeLevel);
}

/** {@link detectEvidenceSource} for files that are already known to be what they say. */
export async function findEvidenceSource(
  files: EvidenceFiles,
  options: Omit<EvidenceSourceOptions, "files">,
): Promise<EvidenceSource> {
  const { privilegeLevel, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const { source } = files;
  const level = privilegeLevel === undefined ? {} : { privilegeLevel };
  return await withDeadline(timeoutMs, async () => {
    if (await isInGramine(files.ops)) {
      const request = async (reportData: Uint8Array): Promise<FileEvidence> =>
        await requestGramineQuote(files, reportData);
      const getEvidence = evidenceGetter(timeoutMs, request);
      return { kind: "gramine", tee: "sgx", source, getEvidence };
    }
    const tee = await probeTsm(files).catch(async (error: unknown) => {
      if (!isUnavailable(error)) throw error;
      const message = await describeAbsence(files.ops);
      throw new TeeError("EVIDENCE_UNAVAILABLE", message, { cause: error });
    });
    const request = async (reportData: Uint8Array): Promise<FileEvidence> =>
      await requestTsmReport(files, { reportData, ...level });
    return { kind: "configfs-tsm", tee, source, getEvidence: evidenceGetter(timeoutMs, request) };
  });
}

function evidenceGetter(
  timeoutMs: number,
  request: (reportData: Uint8Array) => Promise<FileEvidence>,
): EvidenceSource["getEvidence"] {
  return async (reportData) => {
    const padded = padReportData(reportData);
    return await withDeadline(timeoutMs, async () => await request(padded));
  };
}

function requirePrivilegeLevel(level: number | undefined): void {
  if (level === undefined) return;
  if (Number.isInteger(level) && level >= 0 && level <= MAX_PRIVILEGE_LEVEL) return;
  throw new TypeError(`privilege level is ${level}, an integer of 0 to 3 needed`);
}

function isUnavailable(error: unknown): boolean {
  return error instanceof TeeError && error.code === "EVIDENCE_UNAVAILABLE";
}

/** Why nothing was found, and what would help. */
async function describeAbsence(ops: FileOps): Promise<string> {
  if (await isVtpmHere(ops)) {
    return "a vTPM is here, but obtaining evidence from one is not built yet";
  }
  if (await isKernelOlder(ops, 6, 7)) {
    return "no evidence source: the kernel is older than 6.7, its ioctls are out of Node's reach";
  }
  return "no evidence source: not in gramine, and configfs-tsm has no provider (is configfs mounted, and tdx_guest or sev_guest loaded?)";
}

/** A TPM that may not be opened is one, too. */
async function isVtpmHere(ops: FileOps): Promise<boolean> {
  try {
    const file = await ops.open("/dev/tpmrm0", "read");
    await file.close();
    return true;
  } catch (error) {
    return !isSystemError(error, "ENOENT", "ENOTDIR", "ENXIO", "ENODEV");
  }
}
