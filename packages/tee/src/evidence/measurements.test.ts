import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createEmulatedKernel } from "../testing/emulated-kernel.ts";
import { emulatedMeasurementsDirectory } from "../testing/emulated-measurements.ts";
import { interceptFileOps } from "../testing/intercept-file-ops.ts";
import { errnoError } from "../testing/kernel-node.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { simulatedFiles } from "../testing/simulated-files.ts";
import type { EvidenceFiles } from "./evidence-files.ts";
import { extendRtmr, readGuestMeasurements } from "./measurements.ts";

const ZERO = new Uint8Array(48);
const DIGEST = new Uint8Array(48).fill(0x77);

function tdFiles(): EvidenceFiles {
  const fill = { mrtd: 1, mrconfigid: 2, mrowner: 3, mrownerconfig: 4 };
  const measurements = emulatedMeasurementsDirectory(fill);
  return simulatedFiles(createMemoryFileOps(createEmulatedKernel({ measurements })));
}

function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha384");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Files without measurements, whose every call fails with `errno` where one is given. */
function otherFiles(release: string, errno?: string): EvidenceFiles {
  const memory = createMemoryFileOps(createEmulatedKernel({ release }));
  const ops = interceptFileOps(memory, () => {
    if (errno !== undefined) throw errnoError(errno);
  });
  return simulatedFiles(ops);
}

describe("measurements of a TDX guest", () => {
  test("are read by name", async () => {
    expect(await readGuestMeasurements(tdFiles())).toEqual({
      mrTd: new Uint8Array(48).fill(1),
      mrConfigId: new Uint8Array(48).fill(2),
      mrOwner: new Uint8Array(48).fill(3),
      mrOwnerConfig: new Uint8Array(48).fill(4),
      rtMr0: ZERO,
      rtMr1: ZERO,
      rtMr2: ZERO,
      rtMr3: ZERO,
    });
  });

  test.each([2, 3] as const)(
    "RTMR %i is extended, again and again, and no other",
    async (index) => {
      const files = tdFiles();
      await extendRtmr(index, DIGEST, files);
      const once = sha384(ZERO, DIGEST);
      const { rtMr2, rtMr3 } = await readGuestMeasurements(files);
      expect([rtMr2, rtMr3]).toEqual(index === 2 ? [once, ZERO] : [ZERO, once]);
      await extendRtmr(index, DIGEST, files);
      const after = await readGuestMeasurements(files);
      expect(after[index === 2 ? "rtMr2" : "rtMr3"]).toEqual(sha384(once, DIGEST));
    },
  );

  test.each([0, 1, 4, -1, 2.5, "2 "])("RTMR %j is not extended: TypeError", async (index) => {
    // A caller in JavaScript can ask for it.
    await expect(extendRtmr(index as 2, DIGEST, tdFiles())).rejects.toThrow(TypeError);
  });

  test.each([0, 47, 49, 96])("a digest of %i bytes is a TypeError", async (bytes) => {
    await expect(extendRtmr(2, new Uint8Array(bytes), tdFiles())).rejects.toThrow(TypeError);
  });

  test.each([
    ["6.15.3", undefined, "EVIDENCE_UNAVAILABLE", "older than 6.16"],
    ["6.16.0", undefined, "EVIDENCE_UNAVAILABLE", "no measurements"],
    ["7.0.0-rc1", undefined, "EVIDENCE_UNAVAILABLE", "no measurements"],
    ["strange", undefined, "EVIDENCE_UNAVAILABLE", "no measurements"],
    ["6.16.0", "EACCES", "EVIDENCE_IO", "run as root"],
    ["6.16.0", "EINVAL", "EVIDENCE_IO", "EINVAL"],
    ["6.16.0", "EIO", "EVIDENCE_IO", "EIO"],
  ])("on kernel %s with %s: %s, %s", async (release, errno, code, message) => {
    const files = otherFiles(release, errno);
    const expected = { name: "TeeError", code, message: expect.stringContaining(message) };
    await expect(readGuestMeasurements(files)).rejects.toMatchObject(expected);
    await expect(extendRtmr(2, DIGEST, files)).rejects.toMatchObject(expected);
  });

  test("files that only call themselves hardware are a TypeError", async () => {
    const { ops, lock } = tdFiles();
    const forged = { source: "hardware", ops, lock } as const;
    await expect(readGuestMeasurements(forged)).rejects.toThrow(TypeError);
    await expect(extendRtmr(2, DIGEST, forged)).rejects.toThrow(TypeError);
  });
});
