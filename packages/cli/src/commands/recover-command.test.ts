import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  verify,
} from "node:crypto";
import { fromBase64, parsePem, toBase64 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";
import { type FakeCoordinator, FakeRefusal } from "../testing/fake-coordinator.ts";

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
const PLAIN = new Uint8Array(32).fill(7);
const DONE = { remaining: 0, message: "Recovery successful." };
const BANNER = "SIMULATION: not protected by hardware\n";

const owner = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ephemeral = generateKeyPairSync("rsa", { modulusLength: 2048 });

let world: CliWorld;

beforeEach(async () => {
  world = await createCliWorld();
  await world.write("key.pem", pemOf(owner.privateKey));
  await world.write("plain.bin", PLAIN);
  await world.write("secret.enc", encryptedFor(owner.publicKey));
});
afterEach(async () => await world.close());

function pemOf(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

function encryptedFor(key: KeyObject, plain = PLAIN): Uint8Array {
  return new Uint8Array(publicEncrypt({ key, ...OAEP }, plain));
}

/** A Coordinator in recovery mode. */
async function recovering(
  answer: unknown = DONE,
  options: { readonly hasKey?: boolean } = {},
): Promise<FakeCoordinator> {
  const spki = ephemeral.publicKey.export({ format: "der", type: "spki" });
  return await world.start({
    answer: ({ route }) => {
      if (route === "GET /api/v2/recover/public-key" && options.hasKey !== false) {
        return { algorithm: "RSA", ephemeralPublicKey: toBase64(new Uint8Array(spki)) };
      }
      if (route !== "POST /api/v2/recover") return undefined;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
}

/** What the last request handed in, as it came. */
function submitted({ calls }: FakeCoordinator): { secret: Uint8Array; signature: Uint8Array } {
  const body = JSON.parse(calls.at(-1)?.body ?? "");
  return {
    secret: fromBase64(body.recoverySecret),
    signature: fromBase64(body.recoverySecretSignature),
  };
}

function decrypted(secret: Uint8Array): Uint8Array {
  return new Uint8Array(privateDecrypt({ key: ephemeral.privateKey, ...OAEP }, secret));
}

describe("recover", () => {
  const data = (secrets: Readonly<Record<string, Uint8Array>>) =>
    JSON.stringify({
      RecoverySecrets: Object.fromEntries(
        Object.entries(secrets).map(([name, secret]) => [name, toBase64(secret)]),
      ),
    });

  test.each([
    ["a plain secret", () => PLAIN],
    ["an encrypted secret", () => encryptedFor(owner.publicKey)],
    ["recovery data", () => data({ a: encryptedFor(owner.publicKey) })],
    [
      "recovery data of several owners",
      () => data({ a: encryptedFor(other.publicKey), b: encryptedFor(owner.publicKey) }),
    ],
  ])("hands in %s, encrypted for the Coordinator and signed", async (_, content) => {
    const coordinator = await recovering();
    await world.write("input", content());
    const args = ["recover", "input", coordinator.host, "-i", "--key", "key.pem"];
    expect(await world.run(...args)).toEqual({
      code: 0,
      stdout: "Recovery successful.\n",
      stderr: BANNER,
    });
    const { secret, signature } = submitted(coordinator);
    expect(decrypted(secret)).toEqual(PLAIN);
    expect(verify("sha256", PLAIN, owner.publicKey, signature)).toBe(true);
  });

  test("takes a plain Shamir share of 33 bytes too", async () => {
    const coordinator = await recovering();
    await world.write("share", new Uint8Array(33).fill(3));
    const args = ["recover", "share", coordinator.host, "-i", "-k", "key.pem"];
    expect(await world.run(...args)).toMatchObject({ code: 0 });
    expect(decrypted(submitted(coordinator).secret)).toHaveLength(33);
  });

  test("sends the plain secret to a Coordinator that has no key for it", async () => {
    const coordinator = await recovering(DONE, { hasKey: false });
    const args = ["recover", "secret.enc", coordinator.host, "-i", "-k", "key.pem"];
    expect(await world.run(...args)).toMatchObject({ code: 0 });
    expect(submitted(coordinator).secret).toEqual(PLAIN);
  });

  test("prints how many secrets remain", async () => {
    const message =
      "Secret was processed successfully. Upload the next secret. Remaining secrets: 2";
    const { host } = await recovering({ remaining: 2, message });
    const args = ["recover", "plain.bin", host, "-i", "-k", "key.pem"];
    expect((await world.run(...args)).stdout).toBe(`${message}\n`);
    const { stdout } = await world.run(...args, "--json");
    expect(JSON.parse(stdout)).toEqual({ assurance: "simulation", remaining: 2, message });
  });

  test("never hands a secret to a Coordinator it does not trust", async () => {
    const coordinator = await recovering();
    const args = ["recover", "plain.bin", coordinator.host, "-k", "key.pem"];
    expect(await world.run(...args)).toMatchObject({ code: 3, stdout: "" });
    expect(coordinator.calls).toEqual([]);
  });

  test.each([
    ["no key", ["plain.bin"], 2, "USAGE"],
    ["a key on a token", ["plain.bin", "--pkcs11-config", "c"], 1, "PKCS11_UNAVAILABLE"],
    ["no such file", ["none", "-k", "key.pem"], 1, "FILE_UNREADABLE"],
    ["another's key", ["secret.enc", "-k", "other.pem"], 1, "RECOVERY_SECRET_INVALID"],
    ["nobody's data", ["data.json", "-k", "other.pem"], 1, "RECOVERY_DATA_INVALID"],
    ["empty data", ["empty.json", "-k", "key.pem"], 1, "RECOVERY_DATA_INVALID"],
    ["no key in the file", ["plain.bin", "-k", "plain.bin"], 1, "RECOVERY_KEY_INVALID"],
  ])("with %s sends nothing", async (_, args, code, error) => {
    const coordinator = await recovering();
    await world.write("other.pem", pemOf(other.privateKey));
    const mine = encryptedFor(owner.publicKey);
    await world.write("data.json", data({ a: mine, b: mine }));
    await world.write("empty.json", data({}));
    const [file = "", ...rest] = args;
    const result = await world.run("recover", file, coordinator.host, "-i", ...rest);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
    expect(coordinator.calls).toEqual([]);
  });

  test("reports a refusal with the Coordinator's words", async () => {
    const { host } = await recovering(new FakeRefusal(500, "invalid or already used"));
    const { code, stderr } = await world.run("recover", "plain.bin", host, "-i", "-k", "key.pem");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: SERVER_REFUSED: .*invalid or already used/m);
  });
});

describe("recover-with-signature", () => {
  const run = async (...args: readonly string[]) =>
    await world.run("recover-with-signature", ...args);

  test("recovers in steps, of which only the signing needs the key", async () => {
    const coordinator = await recovering();
    const { host } = coordinator;
    expect(await run("public-key", host, "-i", "-o", "coordinator.pem")).toMatchObject({
      code: 0,
      stdout: "Public key written to: coordinator.pem\n",
    });
    const encrypt = ["encrypt-secret", "plain.bin", "--coordinator-pub-key", "coordinator.pem"];
    expect(await run(...encrypt, "-o", "sent.enc")).toEqual({
      code: 0,
      stdout: "Encrypted secret written to: sent.enc\n",
      stderr: "",
    });
    expect(await run("sign-secret", "secret.enc", "-k", "key.pem", "-o", "s.sig")).toEqual({
      code: 0,
      stdout: "Signature written to: s.sig\n",
      stderr: "",
    });
    expect([await world.modeOf("sent.enc"), await world.modeOf("s.sig")]).toEqual([0o600, 0o600]);
    expect(await run("sent.enc", host, "-i", "--signature", "s.sig")).toMatchObject({
      code: 0,
      stdout: "Recovery successful.\n",
    });
    const { secret, signature } = submitted(coordinator);
    expect(decrypted(secret)).toEqual(PLAIN);
    expect(verify("sha256", PLAIN, owner.publicKey, signature)).toBe(true);
  });

  test("prints the public key as PEM, or in JSON", async () => {
    const { host } = await recovering();
    const { stdout } = await run("public-key", host, "-i");
    expect(parsePem(stdout)).toMatchObject([{ label: "PUBLIC KEY" }]);
    const json = await run("public-key", host, "-i", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ publicKey: stdout });
    const old = await recovering(DONE, { hasKey: false });
    expect((await run("public-key", old.host, "-i")).code).toBe(1);
  });

  test.each([
    ["encrypt-secret", ["plain.bin", "--coordinator-pub-key", "pub.pem"]],
    ["sign-secret", ["plain.bin", "--key", "key.pem"]],
  ])("%s does not overwrite a file, and tells as JSON", async (command, args) => {
    const pub = ephemeral.publicKey.export({ format: "pem", type: "spki" }).toString();
    await world.write("pub.pem", pub);
    await world.write("there", "before");
    const refused = await run(command, ...args, "-o", "there");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^Error: FILE_EXISTS: /);
    expect(new TextDecoder().decode(await world.read("there"))).toBe("before");
    const json = await run(command, ...args, "-o", "new", "--json");
    expect(JSON.parse(json.stdout)).toEqual({ output: "new" });
  });

  test.each([
    ["no signature", ["plain.bin", "localhost:1", "-i"], 2, "USAGE"],
    ["no output", ["sign-secret", "plain.bin", "-k", "key.pem"], 2, "USAGE"],
    ["no key", ["sign-secret", "plain.bin", "-o", "x"], 2, "USAGE"],
    [
      "an encrypted secret without key",
      ["encrypt-secret", "secret.enc", "--coordinator-pub-key", "key.pem", "-o", "x"],
      2,
      "USAGE",
    ],
    [
      "a private key for a public one",
      ["encrypt-secret", "plain.bin", "--coordinator-pub-key", "key.pem", "-o", "x"],
      1,
      "RECOVERY_DATA_INVALID",
    ],
    [
      "a folder that is none",
      ["sign-secret", "plain.bin", "-k", "key.pem", "-o", "none/x"],
      1,
      "FILE_UNWRITABLE",
    ],
  ])("refuses %s", async (_, args, code, error) => {
    const result = await run(...args);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
  });
});
