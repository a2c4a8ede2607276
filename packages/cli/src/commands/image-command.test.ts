import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../testing/run-cli.ts";

const IMAGE = {
  kind: "plain",
  entry: "main.js",
  productId: 7,
  securityVersion: 2,
  debug: true,
};
const PROGRAM = `
console.log(process.argv.slice(2).join(" "), process.env.CARRARA_TEE, process.env.EDG_X, process.env.SECRET);
process.exit(process.argv.includes("fail") ? 3 : 0);
`;

let dir = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-image-"));
  await mkdir(join(dir, "app"));
  await writeFile(join(dir, "app", "main.js"), PROGRAM);
  const images = { one: IMAGE, two: { ...IMAGE, securityVersion: 3 } };
  await writeFile(join(dir, "app", "enclave.json"), JSON.stringify({ images }));
  expect(await carrara("build", "app")).toMatchObject({
    code: 0,
    stdout: "one: app/dist/images/one.enclave\ntwo: app/dist/images/two.enclave\n",
  });
});
afterAll(async () => {
  await rm(dir, { recursive: true });
});

async function carrara(...args: string[]): Promise<Awaited<ReturnType<typeof runCli>>> {
  return await runCli(args, { cwd: dir, env: { EDG_X: "x", SECRET: "s" } });
}

const ONE = "app/dist/images/one.enclave";

describe("images", () => {
  test("are built where and as far as asked, with one JSON document", async () => {
    const { stdout } = await carrara("build", "app", "--output", "out", "--image", "two", "--json");
    expect(JSON.parse(stdout)).toEqual({
      images: [{ name: "two", file: join(dir, "out/two.enclave"), bytes: expect.any(Number) }],
    });
    const built = await readFile(join(dir, "out/two.enclave"));
    expect(built.equals(await readFile(join(dir, "app/dist/images/two.enclave")))).toBe(true);
  });

  test("that are unsigned have no identity and do not run", async () => {
    for (const command of ["package-info", "run"]) {
      const { code, stderr } = await carrara(command, "out/two.enclave");
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: IMAGE_UNSIGNED: /m);
    }
  });

  test("are signed with a key that is made for its owner alone", async () => {
    const { code, stdout } = await carrara("sign", ONE, "app/dist/images/two.enclave", "--json");
    expect(code).toBe(0);
    const { images } = JSON.parse(stdout) as { images: Record<string, unknown>[] };
    expect(images).toMatchObject([
      { ProductID: 7, SecurityVersion: 2, Debug: true },
      { ProductID: 7, SecurityVersion: 3, Debug: true },
    ]);
    expect(images[0]?.["SignerID"]).toBe(images[1]?.["SignerID"]);
    expect(images[0]?.["UniqueID"]).not.toBe(images[1]?.["UniqueID"]);
    expect((await stat(join(dir, ".carrara/signing-key.pem"))).mode & 0o777).toBe(0o600);
    expect(JSON.parse((await carrara("package-info", ONE, "--json")).stdout)).toEqual({
      UniqueID: expect.stringMatching(/^[0-9a-f]{64}$/),
      SignerID: images[0]?.["SignerID"],
      ProductID: 7,
      SecurityVersion: 2,
      Debug: true,
    });
  });

  test("run with their arguments and the variables they may see", async () => {
    expect(await carrara("run", ONE, "a", "b")).toEqual({
      code: 0,
      stdout: "a b simulation x undefined\n",
      stderr: "SIMULATION: not protected by hardware\n",
    });
  });

  test("that end with a failure are one", async () => {
    const { code, stderr } = await carrara("run", ONE, "fail");
    expect(code).toBe(1);
    expect(stderr).toContain("Error: PROCESS_ENDED: the enclave ended with code 3\n");
  });

  test("with a flipped byte neither run nor have an identity", async () => {
    const bytes = await readFile(join(dir, ONE));
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    await writeFile(join(dir, "flipped.enclave"), bytes);
    for (const command of ["package-info", "run"]) {
      const { code, stderr } = await carrara(command, "flipped.enclave");
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: IMAGE_(?:MEASUREMENT_MISMATCH|MALFORMED): /m);
    }
  });

  test("that do not exist, and apps that are none, are named", async () => {
    expect((await carrara("package-info", "none")).stderr).toMatch(/^Error: IMAGE_FILE_INVALID: /);
    expect((await carrara("build", "none")).stderr).toMatch(/^Error: APP_CONFIG_INVALID: /);
  });
});
