import type { TrustAnchor } from "@carrara/attestation";
import { createEmulatedFiles, type EvidenceFiles } from "../evidence/evidence-files.ts";
import type { FileOps } from "../evidence/file-ops.ts";

/** An anchor that nothing is verified against. */
export function paperAnchor(vendor: "intel" | "amd"): TrustAnchor {
  const none = new Uint8Array();
  return { kind: "simulation", vendor, name: "paper", spki: none, certificate: none };
}

/** Emulated files over `ops`, of Intel's kind unless said. */
export function simulatedFiles(ops: FileOps, vendor: "intel" | "amd" = "intel"): EvidenceFiles {
  return createEmulatedFiles({ ops, trustAnchor: paperAnchor(vendor) });
}
