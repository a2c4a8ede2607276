import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { parseManifest } from "@carrara/manifest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";
import { createTestIdentity } from "../testing/test-identity.ts";

const owner = generateKeyPairSync("rsa", { modulusLength: 2048 });

let world: CliWorld;

beforeEach(async () => {
  world = await createCliWorld();
  await createTestIdentity(world.dir, "admin");
  await world.write("m.json", '{"Packages":{"p":{"ProductID":18446744073709551615}},"users":{}}');
  await world.write(
    "key.pem",
    owner.privateKey.export({ format: "pem", type: "pkcs1" }).toString(),
  );
});
afterEach(async () => await world.close());

async function manifest(file: string): Promise<ReturnType<typeof parseManifest>> {
  return parseManifest(await world.read(file));
}

describe("manifest add-user", () => {
  test("writes a copy with the certificate and roles, digits kept", async () => {
    const args = ["manifest", "add-user", "m.json", "admin", "--cert", "admin.pem", "-o", "o.json"];
    expect(await world.run(...args, "--role", "a", "b")).toEqual({
      code: 0,
      stdout: "Manifest written to: o.json\n",
      stderr: "",
    });
    const { users, packages } = await manifest("o.json");
    const certificate = new TextDecoder().decode(await world.read("admin.pem"));
    expect(users).toEqual(new Map([["admin", { certificate, roles: ["a", "b"] }]]));
    expect(packages.get("p")?.productId).toBe(18446744073709551615n);
    const json = await world.run(...args, "--json");
    expect(JSON.parse(json.stdout)).toEqual({ output: "o.json" });
  });

  test.each([
    ["a name twice", "o.json", "admin.pem", "ENTRY_EXISTS"],
    ["a file that is no certificate", "m.json", "admin-key.pem", "PEM_INVALID"],
    ["no manifest", "none", "admin.pem", "FILE_UNREADABLE"],
  ])("refuses %s", async (_, file, cert, error) => {
    const add = ["manifest", "add-user"];
    await world.run(...add, "m.json", "admin", "--cert", "admin.pem", "-o", "o.json");
    const result = await world.run(...add, file, "admin", "--cert", cert, "-o", "x.json");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
  });
});

describe("manifest add-recovery-key", () => {
  test("takes the public half of a private key", async () => {
    const args = ["manifest", "add-recovery-key", "m.json", "owner", "--key", "key.pem"];
    expect(await world.run(...args, "-o", "o.json")).toMatchObject({ code: 0 });
    const pem = (await manifest("o.json")).recoveryKeys.get("owner") ?? "";
    expect(createPublicKey(pem).equals(owner.publicKey)).toBe(true);
    expect(() => createPrivateKey(pem)).toThrow();
  });

  test("refuses a key that is not RSA", async () => {
    const args = ["manifest", "add-recovery-key", "m.json", "owner", "--key", "admin-key.pem"];
    const { code, stderr } = await world.run(...args, "-o", "o.json");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: PEM_INVALID: /);
  });
});
