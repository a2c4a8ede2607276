import { isMainThread } from "node:worker_threads";
import type { TrustAnchor } from "@carrara/attestation";
import type { FileOps } from "./file-ops.ts";
import { createLock, createProcessLock, type Lock } from "./lock.ts";
import { createNodeFileOps } from "./node-file-ops.ts";

/** Where evidence comes from: the files of this machine, or files that imitate them. */
export type EvidenceOrigin = "hardware" | "emulated";

/** A file system to read evidence from. What made it says what it is, never what is in it. */
export type EvidenceFiles =
  | { readonly source: "hardware"; readonly ops: FileOps; readonly lock: Lock }
  | {
      readonly source: "emulated";
      readonly ops: FileOps;
      readonly lock: Lock;
      /** What emulated evidence chains to: always of kind `simulation`. */
      readonly trustAnchor: TrustAnchor;
    };

/**
 * The file system of this machine: the one object whose evidence is hardware's. One for the whole
 * process, since the state behind `/dev/attestation` is the process's and its lock must be too.
 */
export const HARDWARE_FILES: EvidenceFiles = Object.freeze<EvidenceFiles>({
  source: "hardware",
  ops: createNodeFileOps(),
  lock: createProcessLock(isMainThread),
});

/**
 * Files that imitate a platform: everything read from them is `emulated` and chains to
 * `trustAnchor`. Throws TypeError when that is not of kind `simulation`.
 */
export function createEmulatedFiles(options: {
  readonly ops: FileOps;
  readonly trustAnchor: TrustAnchor;
}): EvidenceFiles {
  const { ops, trustAnchor } = options;
  if (trustAnchor.kind !== "simulation") {
    throw new TypeError("emulated files cannot have a hardware trust anchor");
  }
  return Object.freeze<EvidenceFiles>({ source: "emulated", ops, trustAnchor, lock: createLock() });
}

/** Refuses, with TypeError, an object that calls itself hardware but is another one. */
export function requireHonestSource(files: EvidenceFiles): void {
  if (files.source === "hardware" && files !== HARDWARE_FILES) {
    throw new TypeError("only HARDWARE_FILES are the files of the hardware");
  }
}
