import { describe, expect, test } from "vitest";
import { emulatedGramineDirectory } from "../testing/emulated-gramine.ts";
import { createEmulatedKernel, type EmulatedKernel } from "../testing/emulated-kernel.ts";
import { errorCodeOf } from "../testing/error-code.ts";
import { type FileCall, interceptFileOps } from "../testing/intercept-file-ops.ts";
import { errnoError } from "../testing/kernel-node.ts";
import { createMemoryFileOps } from "../testing/memory-file-ops.ts";
import { sampleSgxQuote, sampleTdxQuote } from "../testing/sample-evidence.ts";
import type { FileOps } from "./file-ops.ts";
import { isInGramine, requestGramineQuote } from "./gramine.ts";
import { deriveGramineSealingKey } from "./gramine-sealing.ts";
import { createLock } from "./lock.ts";

const DATA = new Uint8Array(64).fill(5);
const DIRECTORY = "/dev/attestation/";
const MR_ENCLAVE_KEY = new Uint8Array(16).fill(0xa1);
const MR_SIGNER_KEY = new Uint8Array(16).fill(0xb2);

function gramine(
  change: Partial<Parameters<typeof emulatedGramineDirectory>[0]> = {},
): EmulatedKernel {
  const attestation = emulatedGramineDirectory({
    attestationType: "dcap",
    makeQuote: sampleSgxQuote,
    mrEnclaveKey: MR_ENCLAVE_KEY,
    mrSignerKey: MR_SIGNER_KEY,
    ...change,
  });
  return createEmulatedKernel({ attestation });
}

function filesOf(ops: FileOps): Parameters<typeof requestGramineQuote>[0] {
  return { ops, lock: createLock(), source: "emulated" };
}

describe("gramine", () => {
  test.each([
    ["dcap", "done"],
    ["none", "EVIDENCE_UNAVAILABLE"],
    ["epid", "EVIDENCE_UNAVAILABLE"],
    ["", "EVIDENCE_UNAVAILABLE"],
  ])("with attestation type %j: %s", async (attestationType, code) => {
    const ops = createMemoryFileOps(gramine({ attestationType }));
    expect(await errorCodeOf(isInGramine(ops))).toBe(code);
  });

  test.each([
    ["ENOENT", "absent"],
    ["ENOTDIR", "absent"],
    ["EACCES", "EVIDENCE_IO"],
    ["EIO", "EVIDENCE_IO"],
  ])("with %s at its attestation type: %s", async (errno, outcome) => {
    const ops = interceptFileOps(createMemoryFileOps(gramine()), () => {
      throw errnoError(errno);
    });
    const found = isInGramine(ops).then((here) => (here ? "here" : "absent"));
    if (outcome === "absent") expect(await found).toBe("absent");
    else expect(await errorCodeOf(found)).toBe(outcome);
  });
});

describe("a quote from gramine", () => {
  test("is for the report data", async () => {
    const quote = await requestGramineQuote(filesOf(createMemoryFileOps(gramine())), DATA);
    expect(quote).toEqual({
      tee: "sgx",
      evidence: sampleSgxQuote(DATA),
      auxBlob: undefined,
      source: "emulated",
    });
  });

  test("takes exactly one write of 64 bytes, closed before the quote is opened", async () => {
    const calls: string[] = [];
    const ops = interceptFileOps(createMemoryFileOps(gramine()), ({ call, path }) => {
      calls.push(`${call} ${path.slice(DIRECTORY.length)}`);
    });
    await requestGramineQuote(filesOf(ops), DATA);
    expect(calls).toEqual([
      ...["open user_report_data", "write user_report_data", "close user_report_data"],
      ...["open quote", "read quote", "read quote", "close quote"],
    ]);
  });

  test("is made one at a time, in the order asked for", async () => {
    const kernel = gramine();
    const memory = createMemoryFileOps(kernel);
    // Every call takes a turn of the event loop, so that two requests would meet without the lock.
    const ops = interceptFileOps(memory, async () => await new Promise(setImmediate));
    const files = filesOf(ops);
    const datas = [1, 2, 3, 4, 5].map((byte) => new Uint8Array(64).fill(byte));
    const requests = datas.map(async (data) => await requestGramineQuote(files, data));
    const quotes = await Promise.all(requests);
    expect(quotes.map(({ evidence }) => evidence)).toEqual(datas.map(sampleSgxQuote));
  });

  test("does not wait for one that failed", async () => {
    let fail = true;
    const ops = interceptFileOps(createMemoryFileOps(gramine()), () => {
      if (fail) throw errnoError("EIO");
    });
    const files = filesOf(ops);
    expect(await errorCodeOf(requestGramineQuote(files, DATA))).toBe("EVIDENCE_IO");
    fail = false;
    expect(await errorCodeOf(requestGramineQuote(files, DATA))).toBe("done");
  });

  test.each([
    [1, "done"],
    [2, "done"],
    [3, "EVIDENCE_RACE"],
  ])("after %i quotes for others: %s", async (others, code) => {
    let left = others;
    const makeQuote = (data: Uint8Array): Uint8Array => {
      left -= 1;
      return sampleSgxQuote(left < 0 ? data : new Uint8Array(64));
    };
    const files = filesOf(createMemoryFileOps(gramine({ makeQuote })));
    expect(await errorCodeOf(requestGramineQuote(files, DATA))).toBe(code);
  });

  test.each([
    ["open user_report_data", "EACCES", 1, "EVIDENCE_IO"],
    ["open user_report_data", "ENOENT", 1, "EVIDENCE_IO"],
    ["write user_report_data", "EIO", 1, "EVIDENCE_IO"],
    ["open quote", "EACCES", 1, "EVIDENCE_IO"],
    ["open quote", "ENOENT", 1, "EVIDENCE_IO"],
    ["read quote", "EIO", 1, "EVIDENCE_IO"],
    ["read quote", "EINTR", 1, "done"],
    ["read quote", "EAGAIN", 5, "EVIDENCE_IO"],
  ])("%s: %s, %i times, gives %s", async (wanted, errno, times, code) => {
    let left = times;
    const fail = ({ call, path }: FileCall): void => {
      if (`${call} ${path.slice(DIRECTORY.length)}` !== wanted || left === 0) return;
      left -= 1;
      throw errnoError(errno);
    };
    const files = filesOf(interceptFileOps(createMemoryFileOps(gramine()), fail));
    expect(await errorCodeOf(requestGramineQuote(files, DATA))).toBe(code);
  });

  test("that the quoting service refuses says what to do", async () => {
    const makeQuote = (): Uint8Array => {
      throw errnoError("EACCES");
    };
    const files = filesOf(createMemoryFileOps(gramine({ makeQuote })));
    await expect(requestGramineQuote(files, DATA)).rejects.toMatchObject({
      code: "EVIDENCE_IO",
      message: expect.stringContaining("quoting service (AESM)"),
    });
  });

  test.each([
    ["cut short", (data: Uint8Array) => sampleSgxQuote(data).subarray(0, -1)],
    ["of TDX", (data: Uint8Array) => sampleTdxQuote(data)],
    ["of nothing", () => new Uint8Array()],
    ["of more than 64 KiB", () => new Uint8Array(65_537)],
  ])("%s is refused with EVIDENCE_IO", async (_, makeQuote) => {
    const files = filesOf(createMemoryFileOps(gramine({ makeQuote })));
    expect(await errorCodeOf(requestGramineQuote(files, DATA))).toBe("EVIDENCE_IO");
  });
});

describe("a sealing key from gramine", () => {
  test("has 32 bytes, is the same again, differs by policy, and is not the raw key", async () => {
    const ops = createMemoryFileOps(gramine());
    const unique = await deriveGramineSealingKey(ops, "unique");
    const product = await deriveGramineSealingKey(ops, "product");
    expect(unique).toHaveLength(32);
    expect(await deriveGramineSealingKey(ops, "unique")).toEqual(unique);
    expect(product).not.toEqual(unique);
    expect(unique.subarray(0, 16)).not.toEqual(MR_ENCLAVE_KEY);
  });

  test.each([
    ["unique", "measurement", { mrEnclaveKey: new Uint8Array(16) }],
    ["product", "signer", { mrSignerKey: new Uint8Array(16) }],
  ] as const)("for policy %s follows the %s's key and no other", async (policy, _, change) => {
    const other = policy === "unique" ? "product" : "unique";
    const ops = createMemoryFileOps(gramine());
    const changed = createMemoryFileOps(gramine(change));
    expect(await deriveGramineSealingKey(changed, policy)).not.toEqual(
      await deriveGramineSealingKey(ops, policy),
    );
    expect(await deriveGramineSealingKey(changed, other)).toEqual(
      await deriveGramineSealingKey(ops, other),
    );
  });

  test("differs by policy even where gramine's keys are equal", async () => {
    const ops = createMemoryFileOps(gramine({ mrSignerKey: MR_ENCLAVE_KEY }));
    expect(await deriveGramineSealingKey(ops, "unique")).not.toEqual(
      await deriveGramineSealingKey(ops, "product"),
    );
  });

  test("leaves no copy of the raw key in the memory that was read into", async () => {
    const buffers: Uint8Array[] = [];
    const memory = createMemoryFileOps(gramine());
    const ops: FileOps = {
      ...memory,
      async open(path, access) {
        const file = await memory.open(path, access);
        return {
          ...file,
          read: async (into) => {
            buffers.push(into);
            return await file.read(into);
          },
        };
      },
    };
    await deriveGramineSealingKey(ops, "unique");
    expect(buffers.length).toBeGreaterThan(0);
    for (const buffer of buffers) expect(buffer.every((byte) => byte === 0)).toBe(true);
  });

  test.each([0, 15, 17, 32])("of %i bytes is refused with EVIDENCE_IO", async (bytes) => {
    const ops = createMemoryFileOps(gramine({ mrEnclaveKey: new Uint8Array(bytes).fill(0x5a) }));
    const failure = deriveGramineSealingKey(ops, "unique");
    await expect(failure).rejects.toMatchObject({
      code: "EVIDENCE_IO",
      message: expect.not.stringMatching(/5a|90/),
    });
  });

  test.each(["ENOENT", "EACCES", "EIO"])("that fails with %s is EVIDENCE_IO", async (errno) => {
    const ops = interceptFileOps(createMemoryFileOps(gramine()), () => {
      throw errnoError(errno);
    });
    expect(await errorCodeOf(deriveGramineSealingKey(ops, "product"))).toBe("EVIDENCE_IO");
  });
});
