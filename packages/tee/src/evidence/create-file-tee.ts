import { AMD_ROOTS, INTEL_SGX_ROOT, type TrustAnchor } from "@carrara/attestation";
import { concatBytes } from "@carrara/encoding";
import { TeeError } from "../error.ts";
import type { Tee } from "../tee.ts";
import { withDeadline } from "./deadline.ts";
import {
  DEFAULT_TIMEOUT_MS,
  type EvidenceSource,
  type EvidenceSourceOptions,
  findEvidenceSource,
  requireOptions,
} from "./detect-evidence-source.ts";
import { type EvidenceFiles, HARDWARE_FILES } from "./evidence-files.ts";
import { REPORT_DATA_BYTES } from "./file-evidence.ts";
import { deriveGramineSealingKey } from "./gramine-sealing.ts";
import { amdRootOf } from "./snp-root.ts";

/** What a platform's files are read with. */
export interface FileTeeOptions extends EvidenceSourceOptions {
  /**
   * SNP only: the one of AMD_ROOTS that is the processor's. Default is what a report says, which
   * one of version 2 does not.
   */
  readonly amdRoot?: TrustAnchor;
}

/**
 * The platform below this process, by its files (attestation specification section 7): Gramine, a
 * TDX guest or an SNP guest. Its assurance is `hardware` for the real file system alone. Throws
 * `EVIDENCE_UNAVAILABLE`, `EVIDENCE_PROVIDER`, `EVIDENCE_IO`, `EVIDENCE_RACE`.
 */
export async function createFileTee(options: FileTeeOptions = {}): Promise<Tee> {
  requireOptions(options);
  return await openFileTee(options.files ?? HARDWARE_FILES, options);
}

/** {@link createFileTee} for files that are already known to be what they say. */
export async function openFileTee(
  files: EvidenceFiles,
  options: Omit<FileTeeOptions, "files">,
): Promise<Tee> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, amdRoot } = options;
  if (amdRoot !== undefined && !AMD_ROOTS.includes(amdRoot)) {
    throw new TypeError("amdRoot is none of AMD_ROOTS");
  }
  const evidenceSource = await findEvidenceSource(files, options);
  const { tee, kind } = evidenceSource;
  return {
    tee,
    assurance: files.source === "hardware" ? "hardware" : "simulation",
    trustAnchor: await anchorOf(files, evidenceSource, amdRoot),
    async getEvidence(reportData) {
      const { evidence, auxBlob } = await evidenceSource.getEvidence(reportData);
      // A report and the table behind it: evidence on the wire describes itself.
      return auxBlob === undefined ? evidence : concatBytes(evidence, auxBlob);
    },
    async getSealingKey(policy) {
      if (kind !== "gramine") {
        const message = `a guest of ${tee} has no sealing key in its files`;
        throw new TeeError("EVIDENCE_UNAVAILABLE", message);
      }
      const derive = async (): Promise<Uint8Array> =>
        await deriveGramineSealingKey(files.ops, policy);
      return await withDeadline(timeoutMs, derive);
    },
  };
}

async function anchorOf(
  files: EvidenceFiles,
  { tee, getEvidence }: EvidenceSource,
  amdRoot: TrustAnchor | undefined,
): Promise<TrustAnchor> {
  if (files.source === "emulated") {
    const { vendor } = files.trustAnchor;
    if ((tee === "snp") === (vendor === "amd")) return files.trustAnchor;
    throw new TypeError(`the trust anchor is of ${vendor}, which does not make ${tee}`);
  }
  if (tee !== "snp") return INTEL_SGX_ROOT;
  return amdRoot ?? amdRootOf(await getEvidence(new Uint8Array(REPORT_DATA_BYTES)));
}
