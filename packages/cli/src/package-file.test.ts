import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SIGSTRUCT_BYTES } from "@carrara/attestation";
import { concatBytes, utf8 } from "@carrara/encoding";
import { buildImages } from "@carrara/image";
import { generateSigningKey, signImage } from "@carrara/tee";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { elfSection } from "./elf-section.ts";
import { type CliWorld, createCliWorld } from "./testing/cli-world.ts";
import { elfWith } from "./testing/elf-file.ts";

let world: CliWorld;
let image = new Uint8Array();
let sigstruct = new Uint8Array();

beforeAll(async () => {
  world = await createCliWorld();
  const one = { kind: "plain", entry: "main.js", productId: 7, securityVersion: 2, debug: true };
  await world.write("enclave.json", JSON.stringify({ images: { one } }));
  await world.write("main.js", "");
  await buildImages({ appDir: world.dir, outDir: world.dir });
  const unsigned = await world.read("one.enclave");
  image = Uint8Array.from(
    await signImage(unsigned, await generateSigningKey(), { date: new Date() }),
  );
  await world.write("one.enclave", image);
  const header = Buffer.from("06000000e10000000000010000000000", "hex");
  const at = Buffer.from(image).indexOf(header);
  sigstruct = image.slice(at, at + SIGSTRUCT_BYTES);
});
afterAll(async () => await world.close());

describe("package-info", () => {
  test("prints four lines of an image of ours, or JSON", async () => {
    const { code, stdout, stderr } = await world.run("package-info", "one.enclave");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^UniqueID \(MRENCLAVE\) {6}: [0-9a-f]{64}\nSignerID \(MRSIGNER\) {7}: [0-9a-f]{64}\nProductID \(ISVPRODID\) {5}: 7\nSecurityVersion \(ISVSVN\) {2}: 2\n$/,
    );
    const json = await world.run("package-info", "one.enclave", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ ProductID: 7, Debug: true });
  });

  test.each<[string, string, () => Uint8Array]>([
    ["a SIGSTRUCT of Gramine", "app.sig", () => sigstruct],
    [
      "a program of EGo",
      "ego",
      () => elfWith(".oeinfo", concatBytes(new Uint8Array(144), sigstruct)),
    ],
    [
      "an Occlum instance",
      `occlum/build/lib/libocclum-libos.signed.so`,
      () => elfWith(".note.sgxmeta", concatBytes(new Uint8Array(9), sigstruct, new Uint8Array(9))),
    ],
  ])("reads the same from %s", async (name, file, content) => {
    await mkdir(dirname(join(world.dir, file)), { recursive: true });
    await world.write(file, content());
    const ours = await world.run("package-info", "one.enclave", "--json");
    const path = name === "an Occlum instance" ? "occlum" : file;
    expect(await world.run("package-info", path, "--json")).toEqual(ours);
  });

  test("reads the one signature in a directory of Gramine, not one of several", async () => {
    const ours = await world.run("package-info", "one.enclave", "--json");
    await mkdir(join(world.dir, "gramine"));
    await world.write("gramine/app.manifest", "");
    await world.write("gramine/app.sig", sigstruct);
    expect(await world.run("package-info", "gramine", "--json")).toEqual(ours);
    await world.write("gramine/other.sig", sigstruct);
    expect((await world.run("package-info", "gramine")).stderr).toMatch(
      /^Error: IMAGE_FILE_INVALID: /,
    );
  });

  test("reads what oesign eradump printed, and says that nobody signed it", async () => {
    const { stdout } = await world.run("package-info", "one.enclave", "--json");
    await world.write("era.json", stdout);
    const { stdout: text } = await world.run("package-info", "one.enclave");
    expect(await world.run("package-info", "era.json")).toEqual({
      code: 0,
      stdout: text,
      stderr: "era.json is not signed: what it says was not verified\n",
    });
    const json = await world.run("package-info", "era.json", "--json");
    expect(JSON.parse(json.stdout)).toEqual({ ...JSON.parse(stdout), verified: false });
  });

  test.each<[string, () => Uint8Array, string]>([
    ["an era file without ids", () => utf8('{"ProductID":1}'), "PACKAGE_UNSIGNED"],
    ["an era file with a bad id", () => utf8('{"UniqueID":"00"}'), "ERA_CONFIG_INVALID"],
    ["a broken era file", () => utf8("{"), "ERA_CONFIG_INVALID"],
    ["unsigned", () => elfWith(".oeinfo", new Uint8Array(4096)), "PACKAGE_UNSIGNED"],
    ["of another kind", () => elfWith(".text", sigstruct), "PACKAGE_UNSIGNED"],
    ["cut off", () => elfWith(".oeinfo", sigstruct.subarray(0, 1000)), "SIGSTRUCT_MALFORMED"],
    ["changed", () => flipped(sigstruct, 960), "SIGSTRUCT_SIGNATURE_INVALID"],
    ["text", () => utf8("text"), "IMAGE_MALFORMED"],
  ])("refuses a file that is %s", async (_, content, code) => {
    await world.write("bad", content());
    const result = await world.run("package-info", "bad");
    expect(result.stdout).toBe("");
    expect(result.stderr).toMatch(new RegExp(`^Error: ${code}: `));
  });

  test("refuses a directory that is no Occlum instance", async () => {
    await mkdir(join(world.dir, "empty"));
    expect((await world.run("package-info", "empty")).stderr).toMatch(
      /^Error: IMAGE_FILE_INVALID: /,
    );
  });
});

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const changed = bytes.slice();
  changed[index] = (changed[index] ?? 0) ^ 1;
  return changed;
}

describe("elfSection", () => {
  test("finds what was written, and no other name", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\.[a-z]{1,9}$/), fc.uint8Array(), (name, content) => {
        const elf = elfWith(name, content);
        expect(elfSection(elf, name)).toEqual(content);
        expect(elfSection(elf, `${name}x`)).toBeUndefined();
      }),
    );
  });

  test("of any bytes is a view or undefined", () => {
    const good = elfWith(".oeinfo", new Uint8Array(9));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, end) => {
        const bad = good.slice(0, end);
        bad[at] = byte;
        const found = elfSection(bad, ".oeinfo");
        expect(found === undefined || found.length <= bad.length).toBe(true);
      }),
    );
  });
});
