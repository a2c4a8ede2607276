import { equalBytes } from "@carrara/encoding";
import { afterAll, describe, expect, test } from "vitest";
import { COMPETITORS, entryOf } from "../testing/competitor.ts";
import { emulatedGramineDirectory } from "../testing/emulated-gramine.ts";
import {
  createEmulatedGuest,
  SNP_PROVIDER,
  TDX_PROVIDER,
  TSM_DIRECTORY,
  tableFor,
} from "../testing/emulated-guest.ts";
import { createEmulatedKernel, type EmulatedKernel } from "../testing/emulated-kernel.ts";
import { emulatedMeasurementsDirectory } from "../testing/emulated-measurements.ts";
import type { EmulatedProvider } from "../testing/emulated-tsm.ts";
import { errorCodeOf } from "../testing/error-code.ts";
import { mountFuse } from "../testing/fuse-mount.ts";
import { interceptFileOps } from "../testing/intercept-file-ops.ts";
import { errnoError } from "../testing/kernel-node.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { sampleSgxQuote, sampleSnpReport, sampleTdxQuote } from "../testing/sample-evidence.ts";
import { simulatedFiles } from "../testing/simulated-files.ts";
import { requestTsmReport } from "./configfs-tsm.ts";
import { createFileTee } from "./create-file-tee.ts";
import { extendRtmr, readGuestMeasurements } from "./measurements.ts";
import { createNodeFileOps } from "./node-file-ops.ts";

/** Each test has its own kernel behind the one mount. */
let kernel: EmulatedKernel = createEmulatedKernel({});
const fuse = await mountFuse({
  find: (path) => kernel.find(path),
  open: (path, access) => kernel.open(path, access),
  mkdir: (path) => kernel.mkdir(path),
  rmdir: (path) => kernel.rmdir(path),
});
const skipped = typeof fuse === "string" ? ` (skipped: ${fuse})` : "";
const ops = createNodeFileOps(typeof fuse === "string" ? "/nowhere" : fuse.root);
const DATA = new Uint8Array(64).fill(0x42);

afterAll(async () => {
  if (typeof fuse !== "string") await fuse.close();
});

function boot(provider: EmulatedProvider): void {
  ({ kernel } = createEmulatedGuest(provider));
}

describe.skipIf(skipped !== "")(`evidence through node:fs and a FUSE mount${skipped}`, () => {
  test("gramine gives quotes, one at a time, and sealing keys", async () => {
    const attestation = emulatedGramineDirectory({
      attestationType: "dcap",
      makeQuote: sampleSgxQuote,
      mrEnclaveKey: new Uint8Array(16).fill(1),
      mrSignerKey: new Uint8Array(16).fill(2),
    });
    kernel = createEmulatedKernel({ attestation });
    const tee = await createFileTee({ files: simulatedFiles(ops) });
    const datas = [1, 2, 3].map((byte) => new Uint8Array(64).fill(byte));
    const quotes = await Promise.all(datas.map(async (data) => await tee.getEvidence(data)));
    expect(quotes).toEqual(datas.map(sampleSgxQuote));
    expect(await tee.getSealingKey("unique")).toHaveLength(32);
  });

  test("a TDX guest gives quotes, several at a time, and keeps no entry", async () => {
    boot(TDX_PROVIDER);
    const tee = await createFileTee({ files: simulatedFiles(ops) });
    const datas = [1, 2, 3].map((byte) => new Uint8Array(64).fill(byte));
    const quotes = await Promise.all(datas.map(async (data) => await tee.getEvidence(data)));
    expect(quotes).toEqual(datas.map((data) => sampleTdxQuote(data)));
    const directory = kernel.find(TSM_DIRECTORY);
    expect(directory?.kind === "directory" && directory.list()).toEqual([]);
  });

  test("a report of several reads comes whole", async () => {
    const large = (data: Uint8Array): Uint8Array => {
      const out = new Uint8Array(60_000);
      out.set(sampleTdxQuote(data));
      return out;
    };
    boot({ ...TDX_PROVIDER, makeReport: large });
    const tee = await createFileTee({ files: simulatedFiles(ops) });
    expect(await tee.getEvidence(DATA)).toEqual(large(DATA));
  });

  test.each([
    ["EIO", "EVIDENCE_IO"],
    ["ETIMEDOUT", "EVIDENCE_IO"],
    ["EBUSY", "EVIDENCE_IO"],
    ["EINVAL", "EVIDENCE_IO"],
    ["ENXIO", "EVIDENCE_UNAVAILABLE"],
  ])("%s of a quoting service is a real errno and gives %s", async (errno, code) => {
    const makeReport = (): Uint8Array => {
      throw errnoError(errno);
    };
    boot({ ...TDX_PROVIDER, makeReport });
    const request = requestTsmReport({ ops, source: "emulated" }, { reportData: DATA });
    expect(await errorCodeOf(request)).toBe(code);
  });

  test.each(["EINTR", "EAGAIN"])("%s is tried again", async (errno) => {
    let left = 2;
    const makeReport = (data: Uint8Array): Uint8Array => {
      left -= 1;
      if (left >= 0) throw errnoError(errno);
      return sampleTdxQuote(data);
    };
    boot({ ...TDX_PROVIDER, makeReport });
    const request = requestTsmReport({ ops, source: "emulated" }, { reportData: DATA });
    expect((await request).evidence).toEqual(sampleTdxQuote(DATA));
  });

  test("without a driver there is none: EVIDENCE_UNAVAILABLE", async () => {
    kernel = createEmulatedGuest(undefined).kernel;
    const code = await errorCodeOf(createFileTee({ files: simulatedFiles(ops) }));
    expect(code).toBe("EVIDENCE_UNAVAILABLE");
  });

  test.each(COMPETITORS)("a competitor who %s: EVIDENCE_RACE or right", async (_, act) => {
    const outcomes = new Set<string>();
    for (let index = 1; index < 28; index += 2) {
      boot(SNP_PROVIDER);
      const racing = interceptFileOps(ops, async (call) => {
        const entry = entryOf(call.path);
        if (call.index !== index || entry === undefined) return;
        // Behind the mount's back: it bears no removal of what is open.
        await act(createMemoryFileOps(kernel), entry).catch(() => undefined);
      });
      const request = requestTsmReport(
        { ops: racing, source: "emulated" },
        { reportData: DATA, privilegeLevel: 2 },
      );
      const code = await errorCodeOf(request);
      if (code !== "done") outcomes.add(code);
      else {
        const { evidence, auxBlob } = await request;
        const isRight =
          equalBytes(evidence, sampleSnpReport(DATA, 2)) &&
          equalBytes(auxBlob ?? new Uint8Array(), tableFor(DATA));
        outcomes.add(isRight ? "right" : "wrong");
      }
    }
    expect([...outcomes].sort()).toEqual(["EVIDENCE_RACE", "right"]);
  });

  test("measurements are read and registers extended", async () => {
    const fill = { mrtd: 1, mrconfigid: 2, mrowner: 3, mrownerconfig: 4 };
    kernel = createEmulatedKernel({ measurements: emulatedMeasurementsDirectory(fill) });
    const files = simulatedFiles(ops);
    const before = await readGuestMeasurements(files);
    await extendRtmr(3, new Uint8Array(48), files);
    const after = await readGuestMeasurements(files);
    expect(after.mrTd).toEqual(new Uint8Array(48).fill(1));
    expect(after.rtMr2).toEqual(before.rtMr2);
    expect(after.rtMr3).not.toEqual(before.rtMr3);
  });
});
