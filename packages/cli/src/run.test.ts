import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { manifestFingerprint } from "@carrara/client";
import { utf8 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createManifestWorld, MANIFEST, type ManifestWorld } from "./testing/manifest-world.ts";
import { VERSION } from "./version.ts";

const BANNER = "SIMULATION: not protected by hardware\n";
const UNIQUE_ID = "e1".repeat(32);
const SIGNER_ID = "51".repeat(32);
const COORDINATOR_LINES = [
  `Coordinator UniqueID: ${UNIQUE_ID}`,
  `Coordinator SignerID: ${SIGNER_ID}`,
  "Coordinator ProductID: 3, SecurityVersion: 2",
  "TCB status: SIMULATED UpToDate (no hardware protection)",
].join("\n");

let world: ManifestWorld;

beforeEach(async () => {
  world = await createManifestWorld();
});
afterEach(async () => await world.close());

describe("manifest set", () => {
  test("attests, sets, and says what upstream's says", async () => {
    const coordinator = await world.start();
    const fingerprint = await manifestFingerprint(utf8(MANIFEST));
    expect(await world.run("manifest", "set", "manifest.json", coordinator.host, "-i")).toEqual({
      code: 0,
      stdout: `Coordinator verified\n${COORDINATOR_LINES}\nManifest signature: ${fingerprint}\nManifest successfully set\n`,
      stderr: BANNER,
    });
    expect(coordinator.manifest).toEqual(utf8(MANIFEST));
  });

  test("converts YAML", async () => {
    const coordinator = await world.start();
    await writeFile(join(world.dir, "manifest.yaml"), 'Packages:\n  a:\n    UniqueID: "00"\n');
    await world.run("manifest", "set", "manifest.yaml", coordinator.host, "-i");
    expect(coordinator.manifest).toEqual(utf8(MANIFEST));
  });

  test("never sends a manifest to a Coordinator it does not trust", async () => {
    const coordinator = await world.start();
    expect(await world.run("manifest", "set", "manifest.json", coordinator.host)).toMatchObject({
      code: 3,
    });
    expect(coordinator.manifest).toBeUndefined();
  });

  test("reports a second manifest with the Coordinator's words", async () => {
    const { host } = await world.startWithManifest();
    const { code, stderr } = await world.run("manifest", "set", "manifest.json", host, "-i");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: SERVER_REFUSED: .*server is not in expected state/m);
  });

  test("writes recovery secrets to the file, or prints them", async () => {
    const recoverySecrets = { admin: "c2VjcmV0" };
    const first = await world.start({ recoverySecrets });
    const toFile = await world.run(
      "manifest",
      "set",
      "manifest.json",
      first.host,
      "-i",
      "-r",
      "r.json",
    );
    expect(toFile.stdout).toContain("Recovery data saved to: r.json\n");
    const expected = JSON.stringify({ RecoverySecrets: recoverySecrets });
    expect(await readFile(join(world.dir, "r.json"), "utf8")).toBe(expected);
    expect((await stat(join(world.dir, "r.json"))).mode & 0o777).toBe(0o600);
    const second = await world.start({ recoverySecrets });
    const printed = await world.run("manifest", "set", "manifest.json", second.host, "-i");
    expect(printed.stdout).toContain(`\n${expected}\n`);
  });
});

describe("recovery secrets that cannot be written", () => {
  test("are shown, for the Coordinator gives them only once", async () => {
    const recoverySecrets = { admin: "c2VjcmV0" };
    const { host } = await world.start({ recoverySecrets });
    const args = ["manifest", "set", "manifest.json", host, "-i", "-r", "manifest.json/r.json"];
    const { code, stdout, stderr } = await world.run(...args);
    expect(code).toBe(1);
    expect(stdout).toContain(JSON.stringify({ RecoverySecrets: recoverySecrets }));
    expect(stderr).toMatch(/^Error: FILE_UNWRITABLE: /m);
  });
});

describe("manifest get", () => {
  test("prints the manifest byte for byte", async () => {
    const { host } = await world.startWithManifest();
    expect(await world.run("manifest", "get", host, "-i")).toEqual({
      code: 0,
      stdout: MANIFEST,
      stderr: BANNER,
    });
  });

  test("wraps it with -s, writes it with -o, documents it with --json", async () => {
    const { host } = await world.startWithManifest();
    const fingerprint = await manifestFingerprint(utf8(MANIFEST));
    const signed = await world.run("manifest", "get", host, "-i", "-s");
    expect(JSON.parse(signed.stdout)).toEqual({
      ManifestSignature: fingerprint,
      Manifest: JSON.parse(MANIFEST),
    });
    await world.run("manifest", "get", host, "-i", "-o", "got.json");
    expect(await readFile(join(world.dir, "got.json"), "utf8")).toBe(MANIFEST);
    const json = await world.run("manifest", "get", host, "-i", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ fingerprint, manifest: MANIFEST });
  });

  test("keeps the certificates only with --keep-cert", async () => {
    const { host } = await world.startWithManifest();
    await world.run("manifest", "get", host, "-i");
    expect(await world.run("status", host)).toMatchObject({ code: 1 });
    await world.run("manifest", "get", host, "-i", "--keep-cert");
    expect(await world.run("status", host)).toMatchObject({ code: 0 });
  });
});

describe("commands on a Coordinator that was verified before", () => {
  test("need its certificates", async () => {
    const { host } = await world.start();
    const { code, stderr } = await world.run("status", host);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: CERTIFICATE_CACHE_MISSING: /);
  });

  test("refuse another Coordinator with exit 3", async () => {
    const first = await world.startWithManifest();
    const second = await world.startWithManifest();
    await world.run("manifest", "verify", "manifest.json", first.host, "-i");
    const { code, stderr } = await world.run("status", second.host);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: TLS_NOT_TRUSTED: /m);
  });

  test("read the certificates from --coordinator-cert", async () => {
    const { host, chainPem } = await world.start();
    await writeFile(join(world.dir, "chain.pem"), chainPem);
    const { code, stdout } = await world.run(
      "status",
      host,
      "--json",
      "--coordinator-cert",
      "chain.pem",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ assurance: "unknown", code: 2 });
  });

  test("attest it afresh with --insecure", async () => {
    const { host } = await world.start();
    expect(await world.run("status", host, "-i")).toEqual({
      code: 0,
      stdout: "2: Coordinator is ready to accept a manifest.\n",
      stderr: BANNER,
    });
  });

  test("print the update log", async () => {
    const { host } = await world.start();
    const { stdout } = await world.run("manifest", "log", host, "-i");
    expect(stdout).toBe('Update log:\n{"update":"Initial manifest set"}\n');
    const json = await world.run("manifest", "log", host, "-i", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      updateLog: ['{"update":"Initial manifest set"}'],
    });
  });
});

test.each([
  ["root", "Root certificate written to marblerunRootCA.crt", "marblerunRootCA.crt", 1],
  [
    "intermediate",
    "Intermediate certificate written to marblerunIntermediateCA.crt",
    "marblerunIntermediateCA.crt",
    1,
  ],
  ["chain", "Certificate chain written to marblerunChainCA.crt", "marblerunChainCA.crt", 2],
])("certificate %s writes PEM", async (kind, line, file, blocks) => {
  const { host } = await world.start();
  const { code, stdout } = await world.run("certificate", kind, host, "-i");
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${line}\n` });
  const pem = await readFile(join(world.dir, file), "utf8");
  expect(pem.split("-----BEGIN CERTIFICATE-----")).toHaveLength(blocks + 1);
});

test("manifest signature is the fingerprint of the file, without any Coordinator", async () => {
  const { code, stdout } = await world.run("manifest", "signature", "manifest.json");
  const fingerprint = await manifestFingerprint(utf8(MANIFEST));
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${fingerprint}\n` });
});

describe("usage", () => {
  test.each([
    ["an unknown command", ["bogus"]],
    ["an unknown option", ["status", "localhost:1", "--bogus"]],
    ["a missing argument", ["manifest", "verify"]],
    ["no HOST anywhere", ["status", "-i"]],
    ["a port that is none", ["up", "--web-port", "x"]],
    ["a collateral service that is no URL", ["status", "localhost:1", "-i", "--pccs-url", "x"]],
  ])("%s ends with exit 2 and a coded error", async (_, args) => {
    const { code, stdout, stderr } = await world.run(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Error: USAGE: /);
  });

  test("--help ends with 0 and has examples and exit codes", async () => {
    const { code, stdout } = await world.run("--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:[\s\S]*3 not trusted/);
    expect((await world.run("manifest", "verify", "--help")).stdout).toContain("--insecure");
  });

  test("the version is the packages'", async () => {
    const file = JSON.parse(
      await readFile(new URL("../package.json", import.meta.url), "utf8"),
    ) as {
      version: string;
    };
    expect(VERSION).toBe(file.version);
  });
});
