import { access, readFile, stat } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import { createNodeFileOps } from "../evidence/node-file-ops.ts";
import { createEmulatedKernel, type EmulatedKernel } from "./emulated-kernel.ts";
import { mountFuse } from "./fuse-mount.ts";
import { testKernelRules } from "./kernel-rules.ts";

/** More than Linux ever gives. */
const NO_PID = 2 ** 22 + 1;
/** Each test has its own kernel behind the one mount. */
let kernel = createEmulatedKernel({});
const fuse = await mountFuse({
  find: (path) => kernel.find(path),
  open: (path, access) => kernel.open(path, access),
  mkdir: (path) => kernel.mkdir(path),
  rmdir: (path) => kernel.rmdir(path),
});
const reason = typeof fuse === "string" ? fuse : undefined;
const root = typeof fuse === "string" ? "" : fuse.root;

afterAll(async () => {
  if (typeof fuse !== "string") await fuse.close();
});

describe.skipIf(reason !== undefined)(`the emulated kernel behind FUSE${because(reason)}`, () => {
  testKernelRules((next: EmulatedKernel) => {
    kernel = next;
    return createNodeFileOps(root);
  });

  test("its files have size 0, as pseudo-files have, and are read to their end", async () => {
    kernel = createEmulatedKernel({ release: "6.5.0" });
    const path = `${root}/proc/sys/kernel/osrelease`;
    expect((await stat(path)).size).toBe(0);
    expect(await readFile(path, "utf8")).toBe("6.5.0\n");
  });

  test("a mount whose owner does not run any more is removed by the next one", async () => {
    const left = await mountFuse(createEmulatedKernel({}), NO_PID);
    const next = await mountFuse(createEmulatedKernel({}));
    if (typeof left === "string" || typeof next === "string") throw new Error("no mount");
    const mounts = await readFile("/proc/mounts", "utf8");
    await left.close();
    await next.close();
    expect(mounts).not.toContain(left.root);
    expect(mounts).toContain(next.root);
  });

  test("a mount is gone after close, which may be called twice", async () => {
    const second = await mountFuse(createEmulatedKernel({}));
    if (typeof second === "string") throw new Error(second);
    await access(`${second.root}/proc`);
    await second.close();
    await second.close();
    await expect(access(second.root)).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readFile("/proc/mounts", "utf8")).not.toContain(second.root);
  });
});

function because(text: string | undefined): string {
  return text === undefined ? "" : ` (skipped: ${text})`;
}
