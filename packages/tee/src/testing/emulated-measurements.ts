import { createHash } from "node:crypto";
import {
  errnoError,
  fixedDirectory,
  type KernelDirectory,
  type KernelFile,
  readOnlyFile,
} from "./kernel-node.ts";

const DIGEST_BYTES = 48;

/** Measurements of a TDX guest in sysfs; registers start at zero, the rest is `fill` repeated. */
export function emulatedMeasurementsDirectory(fill: {
  readonly mrtd: number;
  readonly mrconfigid: number;
  readonly mrowner: number;
  readonly mrownerconfig: number;
}): KernelDirectory {
  return fixedDirectory({
    "mrtd:sha384": readOnlyFile(() => new Uint8Array(DIGEST_BYTES).fill(fill.mrtd)),
    mrconfigid: readOnlyFile(() => new Uint8Array(DIGEST_BYTES).fill(fill.mrconfigid)),
    mrowner: readOnlyFile(() => new Uint8Array(DIGEST_BYTES).fill(fill.mrowner)),
    mrownerconfig: readOnlyFile(() => new Uint8Array(DIGEST_BYTES).fill(fill.mrownerconfig)),
    "rtmr0:sha384": register(),
    "rtmr1:sha384": register(),
    "rtmr2:sha384": register(),
    "rtmr3:sha384": register(),
  });
}

/** A run-time measurement register: a write of 48 bytes at the start extends it. */
function register(): KernelFile {
  let value = new Uint8Array(DIGEST_BYTES);
  return {
    kind: "file",
    mode: 0o644,
    open: () => ({
      read: (length, position) => value.slice(position, position + length),
      write(bytes, position) {
        if (position !== 0 || bytes.length !== DIGEST_BYTES) throw errnoError("EINVAL");
        value = new Uint8Array(createHash("sha384").update(value).update(bytes).digest());
        return bytes.length;
      },
      close: () => undefined,
    }),
  };
}
