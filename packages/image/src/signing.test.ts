import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "@carrara/encoding";
import { encodeImage, parseImage, readPackageInfo } from "@carrara/tee";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadImage } from "./image-file.ts";
import { signImages } from "./sign-images.ts";
import { openSigningKey } from "./signing-key.ts";

const DATE = new Date("2026-11-21T00:00:00Z");
const NODE = { path: "/nowhere/node", bytes: 1, sha256: new Uint8Array(32) };

let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-sign-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

async function imageFile(name: string, securityVersion: number): Promise<string> {
  const image = encodeImage({
    bundle: utf8("console.log(1)"),
    settings: { productId: 5, securityVersion, debug: true, execArgv: [], envAllow: [], env: {} },
  });
  const file = join(dir, name);
  await writeFile(file, image);
  return file;
}

describe("a signing key", () => {
  test("is made once, mode 600, also when two ask at once, and never replaced", async () => {
    const file = join(dir, "state/signing-key.pem");
    const [one, two] = await Promise.all([openSigningKey(file), openSigningKey(file)]);
    expect(two).toBe(one);
    expect(await openSigningKey(file)).toBe(one);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(dir, "state"))).toEqual(["signing-key.pem"]);
  });

  test.each([0o640, 0o604, 0o620])("of mode %o is refused with SIGNING_KEY_MODE", async (mode) => {
    const file = join(dir, "key.pem");
    await writeFile(file, "secret");
    await chmod(file, mode);
    await expect(openSigningKey(file)).rejects.toMatchObject({
      name: "ImageError",
      code: "SIGNING_KEY_MODE",
    });
    expect(await readFile(file, "utf8")).toBe("secret");
  });
});

describe("signing", () => {
  test("replaces each file by its signed form and says who it is", async () => {
    const files = [await imageFile("a.enclave", 1), await imageFile("b.enclave", 2)];
    const keyFile = join(dir, "key.pem");
    const signed = await signImages({ files, keyFile, date: DATE, node: NODE });
    expect(signed.map(({ file }) => file)).toEqual(files);
    const [a, b] = signed.map(({ packageInfo }) => packageInfo);
    expect(a).toMatchObject({ ProductID: 5, SecurityVersion: 1, Debug: true });
    expect(b).toMatchObject({ SignerID: a?.SignerID, SecurityVersion: 2 });
    expect(b?.UniqueID).not.toBe(a?.UniqueID);
    expect(await readPackageInfo(await loadImage(files[0] ?? ""), NODE)).toEqual(a);
  });

  test("again, with the same key on the same day, gives the same bytes", async () => {
    const files = [await imageFile("a.enclave", 1)];
    const options = { files, keyFile: join(dir, "key.pem"), date: DATE, node: NODE };
    await signImages(options);
    const first = await readFile(files[0] ?? "");
    await signImages(options);
    expect(await readFile(files[0] ?? "")).toEqual(first);
    expect(parseImage(first).sigstruct).toHaveLength(1808);
  });

  test("a file that is no image leaves it as it is", async () => {
    const file = join(dir, "no.enclave");
    await writeFile(file, "no image");
    const options = { files: [file], keyFile: join(dir, "key.pem"), date: DATE, node: NODE };
    await expect(signImages(options)).rejects.toMatchObject({ code: "IMAGE_MALFORMED" });
    expect(await readFile(file, "utf8")).toBe("no image");
  });

  test("a file that is missing is IMAGE_FILE_INVALID", async () => {
    await expect(loadImage(join(dir, "missing"))).rejects.toMatchObject({
      name: "ImageError",
      code: "IMAGE_FILE_INVALID",
    });
  });
});
