import { utf8 } from "@carrara/encoding";
import { beforeEach, expect, test } from "vitest";
import type { FileOps } from "../evidence/file-ops.ts";
import { emulatedGramineDirectory } from "./emulated-gramine.ts";
import {
  readFileBy,
  SNP_PROVIDER,
  TDX_PROVIDER,
  TSM_DIRECTORY,
  writeFileBy,
} from "./emulated-guest.ts";
import { createEmulatedKernel, type EmulatedKernel } from "./emulated-kernel.ts";
import { emulatedMeasurementsDirectory } from "./emulated-measurements.ts";
import { createEmulatedTsm } from "./emulated-tsm.ts";
import { errnoError } from "./kernel-node.ts";
import { sampleSgxQuote, sampleSnpReport, sampleTdxQuote } from "./sample-evidence.ts";

const ENTRY = `${TSM_DIRECTORY}/mine`;
const ATTESTATION = "/dev/attestation";
const RTMR2 = "/sys/devices/virtual/misc/tdx_guest/measurements/rtmr2:sha384";
const DATA = new Uint8Array(64).fill(7);
const OTHER = new Uint8Array(64).fill(8);

/** The rules of the kernel that both layers of the emulation keep, as tests of `connect`'s calls. */
export function testKernelRules(connect: (kernel: EmulatedKernel) => FileOps): void {
  const guest = (provider = TDX_PROVIDER, generations?: number): FileOps =>
    connect(createEmulatedKernel({ tsm: createEmulatedTsm(provider, generations).directory }));
  const text = async (ops: FileOps, path: string): Promise<string> =>
    new TextDecoder().decode(await readFileBy(ops, path));
  const rejection = async (work: Promise<unknown>): Promise<unknown> =>
    await work.then(
      () => "done",
      (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
    );
  let ops: FileOps;

  beforeEach(() => {
    ops = guest();
  });

  test("without a provider no entry can be made", async () => {
    ops = connect(createEmulatedKernel({ tsm: createEmulatedTsm(undefined).directory }));
    expect(await rejection(ops.mkdir(ENTRY))).toBe("ENXIO");
    ops = connect(createEmulatedKernel({}));
    expect(await rejection(ops.mkdir(ENTRY))).toBe("ENOENT");
  });

  test("an entry is there once, until it is removed with all its attributes", async () => {
    await ops.mkdir(ENTRY);
    expect(await rejection(ops.mkdir(ENTRY))).toBe("EEXIST");
    await ops.rmdir(ENTRY);
    expect(await rejection(ops.rmdir(ENTRY))).toBe("ENOENT");
    expect(await rejection(ops.open(`${ENTRY}/inblob`, "write"))).toBe("ENOENT");
  });

  test("a new entry has generation 0, and every write adds one", async () => {
    ops = guest(SNP_PROVIDER);
    await ops.mkdir(ENTRY);
    expect(await text(ops, `${ENTRY}/generation`)).toBe("0\n");
    await writeFileBy(ops, `${ENTRY}/inblob`, DATA);
    expect(await text(ops, `${ENTRY}/generation`)).toBe("1\n");
    await writeFileBy(ops, `${ENTRY}/privlevel`, utf8("2"));
    expect(await text(ops, `${ENTRY}/generation`)).toBe("2\n");
  });

  test("report data counts from the close on, not from the write", async () => {
    await ops.mkdir(ENTRY);
    const file = await ops.open(`${ENTRY}/inblob`, "write");
    await file.write(DATA);
    expect(await text(ops, `${ENTRY}/generation`)).toBe("0\n");
    await file.close();
    expect(await text(ops, `${ENTRY}/generation`)).toBe("1\n");
  });

  test("outblob is made for the last report data, at the first read of a descriptor", async () => {
    await ops.mkdir(ENTRY);
    await writeFileBy(ops, `${ENTRY}/inblob`, DATA);
    expect(await readFileBy(ops, `${ENTRY}/outblob`)).toEqual(sampleTdxQuote(DATA));
    const file = await ops.open(`${ENTRY}/outblob`, "read");
    await writeFileBy(ops, `${ENTRY}/inblob`, OTHER);
    const start = new Uint8Array(600);
    expect(await file.read(start)).toBe(600);
    expect(start).toEqual(sampleTdxQuote(OTHER).subarray(0, 600));
    await writeFileBy(ops, `${ENTRY}/inblob`, DATA);
    const rest = new Uint8Array(200);
    await file.read(rest);
    expect(rest).toEqual(sampleTdxQuote(OTHER).subarray(600, 800));
    await file.close();
  });

  test("outblob without report data, or with less than 64 bytes of it, is EINVAL", async () => {
    await ops.mkdir(ENTRY);
    expect(await rejection(readFileBy(ops, `${ENTRY}/outblob`))).toBe("EINVAL");
    await writeFileBy(ops, `${ENTRY}/inblob`, DATA.subarray(1));
    expect(await rejection(readFileBy(ops, `${ENTRY}/outblob`))).toBe("EINVAL");
  });

  test("more than 64 bytes of report data are EFBIG", async () => {
    await ops.mkdir(ENTRY);
    expect(await rejection(writeFileBy(ops, `${ENTRY}/inblob`, new Uint8Array(65)))).toBe("EFBIG");
    expect(await text(ops, `${ENTRY}/generation`)).toBe("0\n");
  });

  test("what a driver refuses at close is silent, and shows in the generation", async () => {
    ops = guest(TDX_PROVIDER, 2);
    await ops.mkdir(ENTRY);
    await writeFileBy(ops, `${ENTRY}/inblob`, DATA);
    await writeFileBy(ops, `${ENTRY}/inblob`, OTHER);
    expect(await text(ops, `${ENTRY}/generation`)).toBe("1\n");
    expect(await readFileBy(ops, `${ENTRY}/outblob`)).toEqual(sampleTdxQuote(DATA));
  });

  test("writes that would wrap onto the last read are EBUSY until the next one", async () => {
    ops = guest(SNP_PROVIDER, 2);
    await ops.mkdir(ENTRY);
    await writeFileBy(ops, `${ENTRY}/inblob`, DATA);
    const write = async (): Promise<void> =>
      await writeFileBy(ops, `${ENTRY}/privlevel`, utf8("1\n"));
    expect(await rejection(write())).toBe("EBUSY");
    await readFileBy(ops, `${ENTRY}/outblob`);
    await write();
    expect(await readFileBy(ops, `${ENTRY}/outblob`)).toEqual(sampleSnpReport(DATA, 1));
  });

  test.each(["0", "4", "-1", "x", ""])(
    "privilege level %j is EINVAL with floor 1",
    async (level) => {
      ops = guest(SNP_PROVIDER);
      await ops.mkdir(ENTRY);
      expect(await text(ops, `${ENTRY}/privlevel_floor`)).toBe("1\n");
      const file = await ops.open(`${ENTRY}/privlevel`, "write");
      // Nothing at all does not reach the kernel's attribute.
      if (level !== "") expect(await rejection(file.write(utf8(level)))).toBe("EINVAL");
      await file.close();
      expect(await text(ops, `${ENTRY}/generation`)).toBe("0\n");
    },
  );

  test.each([
    ["inblob", "read"],
    ["outblob", "write"],
    ["generation", "write"],
    ["provider", "write"],
  ] as const)("%s cannot be opened to %s", async (name, access) => {
    await ops.mkdir(ENTRY);
    expect(await rejection(ops.open(`${ENTRY}/${name}`, access))).toBe("EACCES");
  });

  test("a driver for TDX has neither certificates nor privilege levels", async () => {
    await ops.mkdir(ENTRY);
    expect(await text(ops, `${ENTRY}/provider`)).toBe("sim_tdx_guest\n");
    for (const name of ["auxblob", "privlevel", "privlevel_floor"]) {
      expect(await rejection(ops.open(`${ENTRY}/${name}`, "read"))).toBe("ENOENT");
    }
  });

  test("an error of the quoting service is that of reading outblob", async () => {
    const makeReport = (): Uint8Array => {
      throw errnoError("ETIMEDOUT");
    };
    ops = guest({ ...TDX_PROVIDER, makeReport });
    await ops.mkdir(ENTRY);
    await writeFileBy(ops, `${ENTRY}/inblob`, DATA);
    expect(await rejection(readFileBy(ops, `${ENTRY}/outblob`))).toBe("ETIMEDOUT");
  });

  test("gramine's quote is for the report data of the moment it was opened", async () => {
    ops = connect(createEmulatedKernel({ attestation: gramine() }));
    await writeFileBy(ops, `${ATTESTATION}/user_report_data`, DATA);
    const quote = await ops.open(`${ATTESTATION}/quote`, "read");
    await writeFileBy(ops, `${ATTESTATION}/user_report_data`, OTHER);
    const bytes = new Uint8Array(sampleSgxQuote(DATA).length);
    await quote.read(bytes);
    await quote.close();
    expect(bytes).toEqual(sampleSgxQuote(DATA));
  });

  test.each([
    ["shorter: padded with zeros", new Uint8Array([1, 2, 3]), [1, 2, 3, 0]],
    ["longer: cut", new Uint8Array(70).fill(9), [9, 9, 9, 9]],
  ])("gramine's report data is replaced by every write, %s", async (_, bytes, start) => {
    ops = connect(createEmulatedKernel({ attestation: gramine() }));
    const path = `${ATTESTATION}/user_report_data`;
    const file = await ops.open(path, "write");
    await file.write(OTHER);
    await file.write(bytes);
    await file.close();
    const value = await readFileBy(ops, path);
    expect(value).toHaveLength(64);
    expect([...value.subarray(0, 4)]).toEqual(start);
  });

  test("gramine without attestation has no quote; keys have 16 bytes or none", async () => {
    ops = connect(createEmulatedKernel({ attestation: gramine("none") }));
    expect(await text(ops, `${ATTESTATION}/attestation_type`)).toBe("none");
    expect(await rejection(ops.open(`${ATTESTATION}/quote`, "read"))).toBe("ENOENT");
    const key = `${ATTESTATION}/keys/default`;
    expect(await readFileBy(ops, key)).toHaveLength(0);
    expect(await rejection(writeFileBy(ops, key, new Uint8Array(15)))).toBe("EACCES");
    await writeFileBy(ops, key, new Uint8Array(16).fill(3));
    expect(await readFileBy(ops, key)).toEqual(new Uint8Array(16).fill(3));
  });

  test("a register is extended by 48 bytes at its start and by nothing else", async () => {
    const fill = { mrtd: 1, mrconfigid: 2, mrowner: 3, mrownerconfig: 4 };
    ops = connect(createEmulatedKernel({ measurements: emulatedMeasurementsDirectory(fill) }));
    expect(await rejection(writeFileBy(ops, RTMR2, new Uint8Array(47)))).toBe("EINVAL");
    const file = await ops.open(RTMR2, "write");
    await file.write(new Uint8Array(48));
    expect(await rejection(file.write(new Uint8Array(48)))).toBe("EINVAL");
    await file.close();
    const register = await readFileBy(ops, RTMR2);
    const zeros = await crypto.subtle.digest("SHA-384", new Uint8Array(96));
    expect(register).toEqual(new Uint8Array(zeros));
  });
}

function gramine(attestationType = "dcap"): ReturnType<typeof emulatedGramineDirectory> {
  const key = new Uint8Array(16);
  return emulatedGramineDirectory({
    attestationType,
    makeQuote: sampleSgxQuote,
    mrEnclaveKey: key,
    mrSignerKey: key,
  });
}
