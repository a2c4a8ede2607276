import { execFileSync } from "node:child_process";
import process from "node:process";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { withBundler } from "./with-bundler.ts";

/** Names of this process's children. */
function children(): readonly string[] {
  const list = execFileSync("ps", ["-o", "comm=", "--ppid", String(process.pid)]).toString();
  return list.split("\n").filter((name) => name !== "" && name !== "ps");
}

async function bundle(contents: string): Promise<string | undefined> {
  const result = await withBundler(
    async () => await build({ stdin: { contents }, write: false, logLevel: "silent" }),
  );
  return result.outputFiles[0]?.text;
}

test("the bundler's process ends with the last of several works under way, and starts again", async () => {
  expect(await Promise.all([bundle("a()"), bundle("b()")])).toEqual(["a();\n", "b();\n"]);
  await expect(bundle("a(")).rejects.toThrow("Build failed");
  expect(await bundle("c()")).toBe("c();\n");
  await expect.poll(children).not.toContain("esbuild");
});

test("the bundler's settings are nobody else's", async () => {
  const before = { ...process.env };
  let seen: NodeJS.ProcessEnv = {};
  await withBundler(async () => {
    seen = { ...process.env };
  });
  expect(seen).toEqual({ ...before, GOGC: "off", GOMEMLIMIT: "1GiB" });
  expect({ ...process.env }).toEqual(before);
});
