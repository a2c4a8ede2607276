import { describe, expect, test } from "vitest";
import { createEmulatedGuest, TDX_PROVIDER, TSM_DIRECTORY } from "./emulated-guest.ts";
import { interceptFileOps } from "./intercept-file-ops.ts";
import { testKernelRules } from "./kernel-rules.ts";
import { createMemoryFileOps } from "./memory-file-ops.ts";

describe("the emulated kernel in memory", () => {
  testKernelRules(createMemoryFileOps);

  test("a descriptor goes one way: the other one is ETXTBSY", () => {
    const { kernel } = createEmulatedGuest(TDX_PROVIDER);
    kernel.mkdir(`${TSM_DIRECTORY}/a`);
    const file = kernel.open(`${TSM_DIRECTORY}/a/inblob`, "write");
    file.write(new Uint8Array(64), 0);
    expect(() => file.read(1, 0)).toThrow("ETXTBSY");
  });

  test("a descriptor of a removed entry is ENOENT, and its report data are lost in silence", () => {
    const { kernel } = createEmulatedGuest(TDX_PROVIDER);
    kernel.mkdir(`${TSM_DIRECTORY}/a`);
    const generation = kernel.open(`${TSM_DIRECTORY}/a/generation`, "read");
    const inblob = kernel.open(`${TSM_DIRECTORY}/a/inblob`, "write");
    inblob.write(new Uint8Array(64), 0);
    kernel.rmdir(`${TSM_DIRECTORY}/a`);
    kernel.mkdir(`${TSM_DIRECTORY}/a`);
    expect(() => generation.read(10, 0)).toThrow("ENOENT");
    inblob.close();
    const next = kernel.open(`${TSM_DIRECTORY}/a/generation`, "read");
    expect(new TextDecoder().decode(next.read(10, 0))).toBe("0\n");
  });

  test("a competitor is announced every call before it happens", async () => {
    const { kernel } = createEmulatedGuest(TDX_PROVIDER);
    const calls: string[] = [];
    const ops = interceptFileOps(createMemoryFileOps(kernel), ({ call, index }) => {
      calls.push(`${index} ${call}`);
    });
    const entry = `${TSM_DIRECTORY}/a`;
    await ops.mkdir(entry);
    const file = await ops.open(`${entry}/inblob`, "write");
    await file.write(new Uint8Array(64));
    await file.close();
    await ops.rmdir(entry);
    expect(calls).toEqual(["0 mkdir", "1 open", "2 write", "3 close", "4 rmdir"]);
  });
});
