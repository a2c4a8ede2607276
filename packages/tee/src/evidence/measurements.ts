import type { TdReport } from "@carrara/attestation";
import { isSystemError } from "@carrara/files";
import { TeeError } from "../error.ts";
import { type EvidenceFiles, HARDWARE_FILES, requireHonestSource } from "./evidence-files.ts";
import type { FileOps } from "./file-ops.ts";
import { ioError } from "./io-error.ts";
import { isKernelOlder } from "./kernel-release.ts";
import { readWhole, writeOnce } from "./whole-file.ts";

const DIRECTORY = "/sys/devices/virtual/misc/tdx_guest/measurements";
const DIGEST_BYTES = 48;

const HINTS = {
  EACCES: "run as root, or give this user the file",
  EPERM: "run as root, or give this user the file",
  EROFS: "mount sysfs with write access, in containers too",
};

/** Measurements of a TDX guest, 48 bytes each. Nothing signs them here: a quote does. */
export type GuestMeasurements = Pick<
  TdReport,
  "mrTd" | "mrConfigId" | "mrOwner" | "mrOwnerConfig" | "rtMr0" | "rtMr1" | "rtMr2" | "rtMr3"
>;

const FILES: Readonly<Record<keyof GuestMeasurements, string>> = {
  mrTd: "mrtd:sha384",
  mrConfigId: "mrconfigid",
  mrOwner: "mrowner",
  mrOwnerConfig: "mrownerconfig",
  rtMr0: "rtmr0:sha384",
  rtMr1: "rtmr1:sha384",
  rtMr2: "rtmr2:sha384",
  rtMr3: "rtmr3:sha384",
};

/**
 * The measurements of this TDX guest (attestation specification section 7.2; Linux 6.16 and later).
 * Throws `EVIDENCE_UNAVAILABLE`, `EVIDENCE_IO`.
 */
export async function readGuestMeasurements(
  files: EvidenceFiles = HARDWARE_FILES,
): Promise<GuestMeasurements> {
  requireHonestSource(files);
  const { ops } = files;
  return {
    mrTd: await readMeasurement(ops, "mrTd"),
    mrConfigId: await readMeasurement(ops, "mrConfigId"),
    mrOwner: await readMeasurement(ops, "mrOwner"),
    mrOwnerConfig: await readMeasurement(ops, "mrOwnerConfig"),
    rtMr0: await readMeasurement(ops, "rtMr0"),
    rtMr1: await readMeasurement(ops, "rtMr1"),
    rtMr2: await readMeasurement(ops, "rtMr2"),
    rtMr3: await readMeasurement(ops, "rtMr3"),
  };
}

/**
 * Extends RTMR 2 or 3, the ones that belong to the guest's programs, by a digest of 48 bytes:
 * the register becomes SHA-384(register‖digest), and no call undoes it. Throws TypeError for
 * another register or length, `EVIDENCE_UNAVAILABLE`, `EVIDENCE_IO`.
 */
export async function extendRtmr(
  index: 2 | 3,
  digest: Uint8Array,
  files: EvidenceFiles = HARDWARE_FILES,
): Promise<void> {
  requireHonestSource(files);
  if (!Object.hasOwn(EXTENDABLE, index)) throw new TypeError("only RTMR 2 and 3 can be extended");
  if (digest.length !== DIGEST_BYTES) {
    throw new TypeError(`digest has ${digest.length} bytes, ${DIGEST_BYTES} needed`);
  }
  const path = `${DIRECTORY}/${FILES[EXTENDABLE[index]]}`;
  try {
    await writeOnce(files.ops, path, digest.slice());
  } catch (cause) {
    throw await explain(files.ops, `extending RTMR ${index}`, cause);
  }
}

const EXTENDABLE = { 2: "rtMr2", 3: "rtMr3" } as const;

async function readMeasurement(ops: FileOps, name: keyof GuestMeasurements): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readWhole(ops, `${DIRECTORY}/${FILES[name]}`, DIGEST_BYTES);
  } catch (cause) {
    throw await explain(ops, `reading ${name}`, cause);
  }
  if (bytes.length === DIGEST_BYTES) return bytes;
  throw new TeeError("EVIDENCE_IO", `${name} has ${bytes.length} bytes, ${DIGEST_BYTES} needed`);
}

async function explain(ops: FileOps, action: string, cause: unknown): Promise<unknown> {
  if (!isSystemError(cause, "ENOENT", "ENOTDIR")) return ioError(action, cause, HINTS);
  const message = (await isKernelOlder(ops, 6, 16))
    ? "the kernel is older than 6.16, which first shows measurements as files"
    : "the kernel shows no measurements of a TDX guest";
  return new TeeError("EVIDENCE_UNAVAILABLE", message, { cause });
}
