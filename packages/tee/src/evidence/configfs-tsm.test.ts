import { concatBytes, utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import {
  createEmulatedGuest,
  SNP_PROVIDER,
  TDX_PROVIDER,
  TSM_DIRECTORY,
  tableFor,
} from "../testing/emulated-guest.ts";
import type { EmulatedProvider } from "../testing/emulated-tsm.ts";
import { errorCodeOf } from "../testing/error-code.ts";
import { type FileCall, interceptFileOps } from "../testing/intercept-file-ops.ts";
import { errnoError } from "../testing/kernel-node.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { sampleSgxQuote, sampleSnpReport, sampleTdxQuote } from "../testing/sample-evidence.ts";
import { probeTsm, requestTsmReport } from "./configfs-tsm.ts";
import type { FileEvidence } from "./file-evidence.ts";
import type { FileOps } from "./file-ops.ts";

const DATA = new Uint8Array(64).map((_, index) => index + 1);

interface Guest {
  readonly ops: FileOps;
  readonly calls: readonly string[];
  /** Entries that are left in configfs. */
  entries(): readonly string[];
  request(privilegeLevel?: number): Promise<FileEvidence>;
}

/** A guest whose calls fail as `fail` says. */
function guestWith(
  provider: EmulatedProvider | undefined,
  fail: (call: FileCall, name: string) => void = () => undefined,
  source: "emulated" | "hardware" = "emulated",
): Guest {
  const { kernel, tsm } = createEmulatedGuest(provider);
  const calls: string[] = [];
  const ops = interceptFileOps(createMemoryFileOps(kernel), (call) => {
    const name = call.path.slice(TSM_DIRECTORY.length + 1).replace(/^[^/]*\/?/, "");
    calls.push(`${call.call} ${name}`.trim());
    fail(call, name);
  });
  return {
    ops,
    calls,
    entries: () => tsm.directory.list(),
    request: async (privilegeLevel) =>
      await requestTsmReport(
        { ops, source },
        { reportData: DATA, ...(privilegeLevel === undefined ? {} : { privilegeLevel }) },
      ),
  };
}

/** Throws `errno` at the first `times` calls that are `wanted`, like `open inblob`. */
function failing(wanted: string, errno: string, times = 1): (call: FileCall, name: string) => void {
  let left = times;
  return ({ call }, name) => {
    if (`${call} ${name}`.trim() !== wanted || left === 0) return;
    left -= 1;
    throw errnoError(errno);
  };
}

describe("a report from configfs-tsm", () => {
  test.each([4, 5] as const)(
    "is a TDX quote of version %i over the report data",
    async (version) => {
      const makeReport = (data: Uint8Array): Uint8Array => sampleTdxQuote(data, version);
      expect(await guestWith({ ...TDX_PROVIDER, makeReport }).request()).toEqual({
        tee: "tdx",
        evidence: sampleTdxQuote(DATA, version),
        auxBlob: undefined,
        source: "emulated",
      });
    },
  );

  test("is an SNP report with the host's certificate table", async () => {
    expect(await guestWith(SNP_PROVIDER).request(2)).toEqual({
      tee: "snp",
      evidence: sampleSnpReport(DATA, 2),
      auxBlob: tableFor(DATA),
      source: "emulated",
    });
  });

  test.each([0, 24, 4096])("has no table where the host's is %i zeros", async (bytes) => {
    const guest = guestWith({ ...SNP_PROVIDER, auxBlob: () => new Uint8Array(bytes) });
    expect((await guest.request()).auxBlob).toBeUndefined();
  });

  test.each([
    ["cut short", (table: Uint8Array) => table.subarray(0, -1)],
    ["without an end", (table: Uint8Array) => table.subarray(0, 24)],
    ["of more than 64 KiB", (table: Uint8Array) => concatBytes(table, new Uint8Array(65_536))],
  ])("with a table %s is refused with EVIDENCE_IO", async (_, change) => {
    const guest = guestWith({ ...SNP_PROVIDER, auxBlob: (data) => change(tableFor(data)) });
    expect(await errorCodeOf(guest.request())).toBe("EVIDENCE_IO");
  });

  test("is made by the kernel's protocol: one write, each file with its own descriptor", async () => {
    const guest = guestWith(SNP_PROVIDER);
    await guest.request(1);
    expect(guest.calls).toEqual([
      ...["mkdir", "open generation"],
      ...["open generation", "read generation", "read generation", "close generation"],
      ...["open inblob", "write inblob", "close inblob"],
      ...["open privlevel", "write privlevel", "close privlevel"],
      ...["open outblob", "read outblob", "read outblob", "close outblob"],
      ...["open auxblob", "read auxblob", "read auxblob", "close auxblob"],
      ...["open provider", "read provider", "read provider", "close provider"],
      // By the descriptor that was opened first.
      ...["read generation", "read generation", "close generation", "rmdir"],
    ]);
  });

  test("leaves no entry, and uses another name every time", async () => {
    const paths = new Set<string>();
    const guest = guestWith(TDX_PROVIDER, ({ call, path }) => {
      if (call === "mkdir") paths.add(path);
    });
    await guest.request();
    await guest.request();
    expect(paths.size).toBe(2);
    expect(guest.entries()).toEqual([]);
  });

  test.each([
    ["a TDX driver that gives a quote of SGX", TDX_PROVIDER, sampleSgxQuote],
    [
      "a TDX driver that gives a report of SNP",
      TDX_PROVIDER,
      (data: Uint8Array) => sampleSnpReport(data),
    ],
    ["an SNP driver that gives a quote", SNP_PROVIDER, sampleTdxQuote],
    ["a quote cut short", TDX_PROVIDER, (data: Uint8Array) => sampleTdxQuote(data).subarray(0, -1)],
    ["a report cut short", SNP_PROVIDER, (data: Uint8Array) => sampleSnpReport(data).subarray(1)],
    ["an empty file", TDX_PROVIDER, () => new Uint8Array()],
    ["a file of more than 64 KiB", TDX_PROVIDER, () => new Uint8Array(65_537)],
  ])("is refused with EVIDENCE_IO: %s", async (_, provider, makeReport) => {
    const guest = guestWith({ ...provider, makeReport: (data) => makeReport(data) });
    expect(await errorCodeOf(guest.request())).toBe("EVIDENCE_IO");
    expect(guest.entries()).toEqual([]);
  });

  test.each([
    ["sim_tdx_guest", "hardware", "EVIDENCE_PROVIDER"],
    ["sim_sev_guest", "hardware", "EVIDENCE_PROVIDER"],
    ["sim_other", "hardware", "EVIDENCE_PROVIDER"],
    ["arm_cca_guest", "hardware", "EVIDENCE_PROVIDER"],
    ["tdx_guest", "hardware", "done"],
    ["tdx_guest", "emulated", "EVIDENCE_PROVIDER"],
    ["sim_tdx_guest", "emulated", "done"],
    ["", "emulated", "EVIDENCE_PROVIDER"],
  ] as const)("of provider %j on a path of %s: %s", async (name, source, code) => {
    const guest = guestWith({ ...TDX_PROVIDER, name }, undefined, source);
    expect(await errorCodeOf(guest.request())).toBe(code);
    expect(await errorCodeOf(probeTsm({ ops: guest.ops, source }))).toBe(code);
    expect(guest.entries()).toEqual([]);
  });

  test("says hardware where the file system is, whatever the data", async () => {
    const guest = guestWith({ ...TDX_PROVIDER, name: "tdx_guest" }, undefined, "hardware");
    expect((await guest.request()).source).toBe("hardware");
  });

  test.each([
    ["of TDX", TDX_PROVIDER, 1],
    ["below the floor", SNP_PROVIDER, 0],
    ["above 3", SNP_PROVIDER, 4],
  ])("with a privilege level %s is refused with EVIDENCE_IO", async (_, provider, level) => {
    const guest = guestWith(provider);
    expect(await errorCodeOf(guest.request(level))).toBe("EVIDENCE_IO");
    expect(guest.entries()).toEqual([]);
  });

  test.each([
    [
      "other report data",
      (data: Uint8Array) =>
        sampleSnpReport(
          data.map((byte) => byte ^ 1),
          1,
        ),
    ],
    ["another privilege level", (data: Uint8Array) => sampleSnpReport(data, 3)],
  ])("for %s is EVIDENCE_RACE", async (_, makeReport) => {
    const guest = guestWith({ ...SNP_PROVIDER, makeReport });
    expect(await errorCodeOf(guest.request(1))).toBe("EVIDENCE_RACE");
  });

  test("says what it had in its message, but no name of the entry and no bytes", async () => {
    const makeReport = (): Uint8Array => {
      throw errnoError("EIO");
    };
    const guest = guestWith({ ...TDX_PROVIDER, makeReport });
    await expect(guest.request()).rejects.toMatchObject({
      name: "TeeError",
      code: "EVIDENCE_IO",
      message: "reading outblob failed with EIO: the quoting service of the host failed",
    });
  });
});

describe("an errno of configfs-tsm", () => {
  test.each([
    // Making the entry.
    ["mkdir", "ENOENT", 1, "EVIDENCE_UNAVAILABLE"],
    ["mkdir", "ENXIO", 1, "EVIDENCE_UNAVAILABLE"],
    ["mkdir", "ENOTDIR", 1, "EVIDENCE_UNAVAILABLE"],
    ["mkdir", "EEXIST", 2, "done"],
    ["mkdir", "EBUSY", 2, "done"],
    ["mkdir", "EEXIST", 3, "EVIDENCE_IO"],
    ["mkdir", "EACCES", 1, "EVIDENCE_IO"],
    ["mkdir", "EPERM", 1, "EVIDENCE_IO"],
    ["mkdir", "EROFS", 1, "EVIDENCE_IO"],
    ["mkdir", "ENOMEM", 1, "EVIDENCE_IO"],
    // Storing.
    ["open inblob", "EACCES", 1, "EVIDENCE_IO"],
    ["open inblob", "ENOENT", 1, "EVIDENCE_IO"],
    ["write inblob", "EFBIG", 1, "EVIDENCE_IO"],
    ["write inblob", "ETXTBSY", 1, "EVIDENCE_IO"],
    ["close inblob", "EIO", 1, "EVIDENCE_IO"],
    ["close privlevel", "EIO", 1, "EVIDENCE_IO"],
    ["close outblob", "EIO", 1, "EVIDENCE_IO"],
    ["write privlevel", "EINVAL", 1, "EVIDENCE_IO"],
    ["write privlevel", "EBUSY", 1, "done"],
    ["write privlevel", "EBUSY", 2, "EVIDENCE_IO"],
    // Reading.
    ["open outblob", "EACCES", 1, "EVIDENCE_IO"],
    ["read outblob", "EINTR", 4, "done"],
    ["read outblob", "EAGAIN", 4, "done"],
    ["read outblob", "EWOULDBLOCK", 4, "done"],
    ["read outblob", "EINTR", 5, "EVIDENCE_IO"],
    ["read outblob", "EIO", 1, "EVIDENCE_IO"],
    ["read outblob", "ETIMEDOUT", 1, "EVIDENCE_IO"],
    ["read outblob", "EBUSY", 1, "EVIDENCE_IO"],
    ["read outblob", "EINVAL", 1, "EVIDENCE_IO"],
    ["read outblob", "ENXIO", 1, "EVIDENCE_UNAVAILABLE"],
    ["read auxblob", "EINTR", 1, "done"],
    ["read auxblob", "EIO", 1, "EVIDENCE_IO"],
    ["read auxblob", "ENXIO", 1, "EVIDENCE_UNAVAILABLE"],
    ["open auxblob", "ENOENT", 1, "done"],
    ["open provider", "ENOENT", 1, "EVIDENCE_IO"],
    ["read provider", "ENXIO", 1, "EVIDENCE_UNAVAILABLE"],
    ["read provider", "EIO", 1, "EVIDENCE_IO"],
    ["open generation", "ENOENT", 1, "EVIDENCE_RACE"],
    ["read generation", "EIO", 1, "EVIDENCE_IO"],
    // Removing.
    ["rmdir", "ENOENT", 1, "done"],
    ["rmdir", "EBUSY", 1, "EVIDENCE_IO"],
  ])("%s: %s, %i times, gives %s", async (call, errno, times, code) => {
    const guest = guestWith(SNP_PROVIDER, failing(call, errno, times));
    expect(await errorCodeOf(guest.request(1))).toBe(code);
    // The only entry left is the one whose removal was made to fail.
    expect(guest.entries()).toHaveLength(call === "rmdir" ? 1 : 0);
  });

  test("EBUSY of a write is answered by one read of outblob and the same write", async () => {
    const guest = guestWith(SNP_PROVIDER, failing("write privlevel", "EBUSY"));
    await guest.request(1);
    const start = guest.calls.indexOf("write privlevel");
    expect(guest.calls.slice(start, start + 9)).toEqual([
      ...["write privlevel", "close privlevel"],
      ...["open outblob", "read outblob", "read outblob", "close outblob"],
      ...["open privlevel", "write privlevel", "close privlevel"],
    ]);
  });

  test("an error of removing does not hide the error before it", async () => {
    const guest = guestWith(TDX_PROVIDER, ({ call }, name) => {
      if (call === "rmdir") throw errnoError("EBUSY");
      if (call === "read" && name === "outblob") throw errnoError("ENXIO");
    });
    expect(await errorCodeOf(guest.request())).toBe("EVIDENCE_UNAVAILABLE");
  });

  test("what is no errno is a defect and passes unchanged", async () => {
    const defect = new RangeError("a defect");
    const guest = guestWith(TDX_PROVIDER, ({ call }, name) => {
      if (call === "read" && name === "outblob") throw defect;
    });
    await expect(guest.request()).rejects.toBe(defect);
    expect(guest.entries()).toEqual([]);
  });
});

describe("a generation that is not the count of our writes", () => {
  test.each([
    ["a store that failed in silence", "0", "EVIDENCE_RACE"],
    ["a second writer", "2", "EVIDENCE_RACE"],
    ["no number", "one", "EVIDENCE_IO"],
    ["a sign", "+1", "EVIDENCE_IO"],
    ["too many digits", "1".repeat(21), "EVIDENCE_IO"],
    ["the right one", "1", "done"],
  ])("%s: %j gives %s", async (_, generation, code) => {
    const { kernel } = createEmulatedGuest(TDX_PROVIDER);
    const memory = createMemoryFileOps(kernel);
    let opens = 0;
    const ops: FileOps = {
      ...memory,
      async open(path, access) {
        if (!path.endsWith("/generation")) return await memory.open(path, access);
        opens += 1;
        return textFile(opens === 1 ? `${generation}\n` : "0\n");
      },
    };
    const request = requestTsmReport({ ops, source: "emulated" }, { reportData: DATA });
    expect(await errorCodeOf(request)).toBe(code);
  });

  test("an entry that is not new is another's", async () => {
    const guest = createEmulatedGuest(TDX_PROVIDER);
    const ops = interceptFileOps(createMemoryFileOps(guest.kernel), ({ call, path }) => {
      if (call !== "open" || !path.endsWith("/generation")) return;
      const inblob = guest.kernel.open(path.replace(/generation$/, "inblob"), "write");
      inblob.write(concatBytes(utf8("another"), new Uint8Array(57)), 0);
      inblob.close();
    });
    const request = requestTsmReport({ ops, source: "emulated" }, { reportData: DATA });
    expect(await errorCodeOf(request)).toBe("EVIDENCE_RACE");
  });

  test("a write that takes less than 64 bytes is not followed by another", async () => {
    const { kernel } = createEmulatedGuest(TDX_PROVIDER);
    const memory = createMemoryFileOps(kernel);
    let writes = 0;
    const ops: FileOps = {
      ...memory,
      async open(path, access) {
        const file = await memory.open(path, access);
        return {
          ...file,
          write: async (bytes) => {
            writes += 1;
            return await file.write(bytes.subarray(0, 10));
          },
        };
      },
    };
    const request = requestTsmReport({ ops, source: "emulated" }, { reportData: DATA });
    expect(await errorCodeOf(request)).toBe("EVIDENCE_IO");
    expect(writes).toBe(1);
  });
});

/** An open file with the bytes of `text`. */
function textFile(text: string): Awaited<ReturnType<FileOps["open"]>> {
  let rest = utf8(text);
  return {
    async read(into) {
      const bytes = rest.subarray(0, into.length);
      into.set(bytes);
      rest = rest.subarray(bytes.length);
      return bytes.length;
    },
    write: async () => 0,
    close: async () => undefined,
  };
}
