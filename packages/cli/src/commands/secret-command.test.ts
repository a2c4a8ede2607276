import { createPrivateKey } from "node:crypto";
import { fromBase64, parsePem, toBase64 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type CliWorld, createCliWorld } from "../testing/cli-world.ts";
import { type FakeCoordinator, FakeRefusal } from "../testing/fake-coordinator.ts";
import { createTestIdentity, type TestIdentity } from "../testing/test-identity.ts";

const BANNER = "SIMULATION: not protected by hardware\n";

let world: CliWorld;
let admin: TestIdentity;

beforeEach(async () => {
  world = await createCliWorld();
  admin = await createTestIdentity(world.dir, "admin");
});
afterEach(async () => await world.close());

/** A Coordinator whose secrets route answers with `data`. */
async function answering(data: unknown): Promise<FakeCoordinator> {
  return await world.start({
    answer: ({ route }) => {
      if (!/^(?:GET|POST) \/api\/v2\/secrets/.test(route)) return undefined;
      if (data instanceof Error) throw data;
      return data;
    },
  });
}

/** What the last upload said. */
function uploaded({ calls }: FakeCoordinator): Record<string, Record<string, string | null>> {
  return JSON.parse(calls.at(-1)?.body ?? "").secrets;
}

describe("secret set", () => {
  test("uploads a file as the user that the certificate names", async () => {
    const coordinator = await answering({});
    const secrets = { key: { Key: "AAE=" }, tls: { Cert: "AAE=", Private: "AAI=" } };
    await world.write("secrets.json", JSON.stringify(secrets));
    const args = ["secret", "set", "secrets.json", coordinator.host, "-i", ...admin.args];
    expect(await world.run(...args)).toEqual({
      code: 0,
      stdout: "Secret successfully set\n",
      stderr: BANNER,
    });
    expect(uploaded(coordinator)).toEqual({
      key: { Cert: null, Private: null, Key: "AAE=" },
      tls: { Cert: "AAE=", Private: "AAI=", Key: null },
    });
    expect(coordinator.calls.at(-1)?.certificate).toEqual(admin.der);
    const { stdout } = await world.run(...args, "--json");
    expect(JSON.parse(stdout)).toEqual({ assurance: "simulation", names: ["key", "tls"] });
  });

  test.each([
    ["PKCS#8", (pem: string) => pem],
    [
      "SEC1",
      (pem: string) => createPrivateKey(pem).export({ format: "pem", type: "sec1" }).toString(),
    ],
  ])("reads a certificate and its key from PEM in %s", async (_, formOf) => {
    const coordinator = await answering({});
    await world.write("tls.pem", `x\n${formOf(admin.privateKeyPem)}${admin.certificatePem}`);
    const args = ["secret", "set", "tls.pem", coordinator.host, "-i", "--from-pem", "tls"];
    expect(await world.run(...args, ...admin.args)).toMatchObject({ code: 0 });
    const pkcs8 = parsePem(admin.privateKeyPem)[0]?.bytes ?? new Uint8Array();
    expect(uploaded(coordinator)).toEqual({
      tls: { Cert: toBase64(admin.der), Private: toBase64(pkcs8), Key: null },
    });
  });

  test("takes a certificate without a key", async () => {
    const coordinator = await answering({});
    const args = ["secret", "set", "admin.pem", coordinator.host, "-i", "--from-pem", "ca"];
    expect(await world.run(...args, ...admin.args)).toMatchObject({ code: 0 });
    expect(uploaded(coordinator)["ca"]).toMatchObject({ Private: null });
  });

  test("sends no PEM that it does not understand", async () => {
    const coordinator = await answering({});
    const other = await createTestIdentity(world.dir, "other");
    const locked = createPrivateKey(admin.privateKeyPem).export({
      format: "pem",
      type: "pkcs8",
      cipher: "aes-128-cbc",
      passphrase: "x",
    });
    const bad = [
      "",
      admin.privateKeyPem,
      `${admin.certificatePem}${other.privateKeyPem}`,
      `${admin.certificatePem}${locked.toString()}`,
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\n",
    ];
    for (const text of bad) {
      await world.write("bad.pem", text);
      const args = ["secret", "set", "bad.pem", coordinator.host, "-i", "--from-pem", "tls"];
      const { code, stderr } = await world.run(...args, ...admin.args);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: SECRET_FILE_INVALID: /m);
      expect(stderr).not.toMatch(/PRIVATE KEY-|[A-Za-z0-9+/]{40}/);
    }
    expect(coordinator.calls).toEqual([]);
  });

  test.each([
    ["a file that is no JSON", "x", {}, "SECRETS_INVALID"],
    [
      "a size that does not fit",
      '{"a":{"Key":"AAE="}}',
      new FakeRefusal(500, "declared size and actual size don't match: 16 and 2"),
      "SERVER_REFUSED: .*declared size and actual size don't match",
    ],
    ["a stranger", "{}", new FakeRefusal(401, "unauthorized user: x"), "UNAUTHORIZED"],
  ])("reports %s", async (_, content, data, error) => {
    const { host } = await answering(data);
    await world.write("s.json", content);
    const result = await world.run("secret", "set", "s.json", host, "-i", ...admin.args);
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^Error: ${error}`, "m"));
  });
});

const common = { Shared: true, UserDefined: true, Cert: null, ValidFor: 0 };
const SECRETS = {
  key: { Type: "symmetric-key", Size: 16, ...common, Private: "AAE=", Public: "AAE=" },
  tls: {
    Type: "cert-ecdsa",
    Size: 256,
    ...common,
    Cert: "AQ==",
    ValidFor: 7,
    Private: "Ag==",
    Public: "Aw==",
  },
  text: { Type: "plain", Size: 0, ...common, Private: "AAE=", Public: "AAE=" },
  unset: { Type: "plain", Size: 0, ...common, Private: null, Public: null },
};
const TEXT = `key:
\tType: symmetric-key
\tUserDefined: true
\tSize: 16
\tKey: AAE=
tls:
\tType: cert-ecdsa
\tUserDefined: true
\tSize: 256
\tValidFor: 7
\tCertificate: AQ==
\tPublic Key: Aw==
\tPrivate Key: Ag==
text:
\tType: plain
\tUserDefined: true
\tData: AAE=
unset:
\tType: plain
\tUserDefined: true
\tData: not set
`;

describe("secret get", () => {
  test("prints what was asked for", async () => {
    const coordinator = await answering({ secrets: SECRETS });
    const args = ["secret", "get", "key", "tls", coordinator.host, "-i", ...admin.args];
    expect(await world.run(...args)).toEqual({ code: 0, stdout: TEXT, stderr: BANNER });
    expect(coordinator.calls.at(-1)).toMatchObject({
      route: "GET /api/v2/secrets?s=key&s=tls",
      certificate: admin.der,
    });
    expect(JSON.parse((await world.run(...args, "--json")).stdout)).toEqual({
      assurance: "simulation",
      secrets: SECRETS,
    });
  });

  test("writes a file for its owner alone and no value anywhere else", async () => {
    const { host } = await answering({ secrets: SECRETS });
    const args = ["secret", "get", "key", host, "-i", ...admin.args, "-o", "s.json"];
    expect((await world.run(...args)).stdout).toBe("Saved secrets to: s.json\n");
    expect(await world.modeOf("s.json")).toBe(0o600);
    expect(JSON.parse(new TextDecoder().decode(await world.read("s.json")))).toEqual(SECRETS);
    expect((await world.run(...args, "--json")).stdout).not.toContain("AAE=");
  });

  test("gives back what set takes", async () => {
    const { host } = await answering({ secrets: SECRETS });
    await world.run("secret", "get", "key", host, "-i", ...admin.args, "-o", "s.json");
    const saved = JSON.parse(new TextDecoder().decode(await world.read("s.json")));
    expect(fromBase64(saved.key.Private)).toEqual(new Uint8Array([0, 1]));
  });

  test("takes HOST from MARBLERUN, unless the last argument has a port", async () => {
    const coordinator = await answering({ secrets: SECRETS });
    const args = ["secret", "get", "key", "tls"];
    const cert = [...admin.args, "-i"];
    await world.runWith({ MARBLERUN: coordinator.host }, ...args, ...cert);
    await world.runWith({ MARBLERUN: "localhost:1" }, ...args, coordinator.host, ...cert);
    const route = "GET /api/v2/secrets?s=key&s=tls";
    expect(coordinator.calls).toMatchObject([{ route }, { route }]);
  });

  test.each([
    ["no host", ["key"], 2, "USAGE"],
    ["no user", ["key", "localhost:1"], 2, "USAGE"],
  ])("with %s is wrong usage", async (name, args, code, error) => {
    const auth = name === "no host" ? admin.args : [];
    const result = await world.run("secret", "get", ...args, "-i", ...auth);
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
  });

  test("reports a user who may not", async () => {
    const { host } = await answering(new FakeRefusal(500, "not allowed to read"));
    const { code, stderr } = await world.run("secret", "get", "k", host, "-i", ...admin.args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: SERVER_REFUSED: .*not allowed to read/m);
  });
});
