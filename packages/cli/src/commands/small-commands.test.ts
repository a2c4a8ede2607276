import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";
import { COMMIT, VERSION } from "../version.ts";

let world: CliWorld;

beforeEach(async () => {
  world = await createCliWorld();
});
afterEach(async () => await world.close());

describe("check", () => {
  test("waits for nothing where a Coordinator answers", async () => {
    const { host } = await world.start();
    expect(await world.run("check", host)).toEqual({
      code: 0,
      stdout: `Coordinator at ${host} answers: 2: Coordinator is ready to accept a manifest.\n`,
      stderr: "",
    });
    const { stdout } = await world.runWith({ MARBLERUN: host }, "check", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ host, code: 2 });
  });

  test("waits until one answers", async () => {
    const { host, close } = await world.start();
    await close();
    const port = Number(host.split(":")[1]);
    const waiting = world.run("check", host, "--timeout", "30");
    expect(await world.run("check", host, "--timeout", "0")).toMatchObject({ code: 4 });
    // Plain HTTP is no answer; what matters is that the second attempt is made.
    const server = createServer();
    const asked = new Promise((resolve) => {
      server.once("clientError", resolve).listen(port, "127.0.0.1");
    });
    await asked;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    const late = await world.start({ port });
    expect(await waiting).toMatchObject({ code: 0 });
    expect(late.host).toBe(host);
  });

  test.each(["x", "-1", "1.5", "100000"])("refuses a timeout of %s", async (timeout) => {
    const result = await world.run("check", "localhost:1", `--timeout=${timeout}`);
    expect(result).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("version", () => {
  const own = `CLI Version: v${VERSION}\nCommit: ${COMMIT}\n`;

  test("needs no Coordinator, and one that is away is no failure", async () => {
    for (const args of [[], ["127.0.0.1:1"], ["https://x"]]) {
      expect(await world.run("version", ...args)).toEqual({
        code: 0,
        stdout: `${own}Unable to find MarbleRun Coordinator\n`,
        stderr: "",
      });
    }
  });

  test.each([
    ["names its version", { openapi: "3.1.0", info: { version: "1.2.3" } }, "1.2.3"],
    ["does not know the question", undefined, "unknown"],
  ])("of a Coordinator that %s", async (_, document, version) => {
    const { host } = await world.start({ openApi: document });
    expect(await world.run("version", host)).toMatchObject({
      code: 0,
      stdout: `${own}Coordinator Version: ${version}\n`,
    });
    const { stdout } = await world.run("version", host, "--json");
    expect(JSON.parse(stdout)).toEqual({
      version: VERSION,
      commit: COMMIT,
      coordinatorVersion: version,
    });
  });
});

test("a namespace, as MarbleRun's scripts give it, is understood and has no effect", async () => {
  const { host } = await world.start();
  const plain = await world.run("check", host);
  expect(await world.run("check", host, "-n", "mesh")).toEqual(plain);
  expect(await world.run("--namespace", "mesh", "check", host)).toEqual(plain);
  expect((await world.run("check", "--help")).stdout).not.toContain("namespace");
});

test.each([["install"], ["uninstall"], ["precheck"]])(
  "%s is refused with a reason, whatever its options",
  async (command) => {
    const result = await world.run(command, "--domain", "x", "-n", "y");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^Error: KUBERNETES_UNAVAILABLE: /);
    expect((await world.run("--help")).stdout).not.toContain(`  ${command}`);
  },
);
