import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manifestFingerprint } from "@carrara/client";
import { utf8 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  FAKE_IDENTITY,
  type FakeCoordinator,
  type FakeCoordinatorOptions,
  startFakeCoordinator,
} from "./testing/fake-coordinator.ts";
import { runCli } from "./testing/run-cli.ts";
import { VERSION } from "./version.ts";

const MANIFEST = '{"Packages":{"a":{"UniqueID":"00"}}}';
const BANNER = "SIMULATION: not protected by hardware\n";
const UNIQUE_ID = "e1".repeat(32);
const SIGNER_ID = "51".repeat(32);
const COORDINATOR_LINES = [
  `Coordinator UniqueID: ${UNIQUE_ID}`,
  `Coordinator SignerID: ${SIGNER_ID}`,
  "Coordinator ProductID: 3, SecurityVersion: 2",
  "TCB status: SIMULATED UpToDate (no hardware protection)",
].join("\n");
const COORDINATOR_JSON = {
  tee: "sgx",
  uniqueId: UNIQUE_ID,
  signerId: SIGNER_ID,
  productId: 3,
  securityVersion: 2,
  debug: false,
  tcbStatus: "UpToDate",
  advisoryIds: [],
  trustAnchor: "SIMULATION SGX Root CA",
};

let dir = "";
let coordinators: FakeCoordinator[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-cli-"));
  coordinators = [];
  await writeFile(join(dir, "manifest.json"), MANIFEST);
});
afterEach(async () => {
  await Promise.all(coordinators.map(async (coordinator) => await coordinator.close()));
  await rm(dir, { recursive: true });
});

async function start(options: Partial<FakeCoordinatorOptions> = {}): Promise<FakeCoordinator> {
  const coordinator = await startFakeCoordinator({ dir, ...options });
  coordinators.push(coordinator);
  return coordinator;
}

async function startWithManifest(
  options: Partial<FakeCoordinatorOptions> = {},
): Promise<FakeCoordinator> {
  return Object.assign(await start(options), { manifest: utf8(MANIFEST) });
}

const carrara = async (...args: string[]) => await runCli(args, { cwd: dir });

describe("manifest verify", () => {
  test("says OK and names the Coordinator, with the banner on standard error", async () => {
    const { host } = await startWithManifest();
    expect(await carrara("manifest", "verify", "manifest.json", host, "--insecure")).toEqual({
      code: 0,
      stdout: `OK\n${COORDINATOR_LINES}\n`,
      stderr: BANNER,
    });
  });

  test("with --json prints one document that says simulation first", async () => {
    const { host } = await startWithManifest();
    const fingerprint = await manifestFingerprint(utf8(MANIFEST));
    const { code, stdout, stderr } = await carrara(
      "manifest",
      "verify",
      fingerprint,
      host,
      "-i",
      "--json",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: BANNER });
    expect(stdout).toMatch(/^\{"assurance":"simulation",.*\}\n$/);
    expect(JSON.parse(stdout)).toEqual({
      assurance: "simulation",
      result: "OK",
      fingerprint,
      coordinator: COORDINATOR_JSON,
    });
  });

  test("takes HOST from MARBLERUN, and keeps the certificates for later commands", async () => {
    const { host, chainPem } = await startWithManifest();
    const env = { MARBLERUN: host };
    const args = ["manifest", "verify", "manifest.json", "-i"];
    expect(await runCli(args, { cwd: dir, env })).toMatchObject({ code: 0 });
    const cache = join(dir, "marblerun", "coordinator-cert.pem");
    expect(await readFile(cache, "utf8")).toContain(chainPem);
    expect((await stat(cache)).mode & 0o777).toBe(0o600);
    expect(await carrara("status", host)).toEqual({
      code: 0,
      stdout: "3: Coordinator is running correctly and ready to accept marbles.\n",
      stderr: BANNER,
    });
  });

  test("refuses the simulation with exit 3 and says why", async () => {
    const { host } = await startWithManifest();
    const { code, stdout, stderr } = await carrara("manifest", "verify", "manifest.json", host);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(
      /^Error: EVIDENCE_SIMULATED: .*"SIMULATION SGX Root CA".*simulation.*--insecure/,
    );
  });

  test.each([
    ["another manifest is enforced", ["ff".repeat(32)], {}, 3, "MANIFEST_MISMATCH"],
    [
      "the evidence is for another key",
      ["manifest.json"],
      { evidenceOver: utf8("x") },
      3,
      "EVIDENCE_OTHER_KEY",
    ],
    [
      "a byte of the evidence is flipped",
      ["manifest.json"],
      { quote: flipped },
      3,
      "EVIDENCE_INVALID",
    ],
    [
      "the evidence is cut off",
      ["manifest.json"],
      { quote: (q: Uint8Array) => q.subarray(0, 99) },
      3,
      "EVIDENCE_INVALID",
    ],
    [
      "no collateral can be had",
      ["manifest.json", "--pccs-url", "http://127.0.0.1:1"],
      { collateralRoute: false },
      4,
      "COLLATERAL_UNAVAILABLE",
    ],
    ["the file does not exist", ["nothing.json"], {}, 1, "FILE_UNREADABLE"],
    ["HOST is malformed", ["manifest.json", "https://x"], {}, 2, "HOST_INVALID"],
  ])("when %s: exit code and error", async (_, args, options, code, error) => {
    const { host } = await startWithManifest(options);
    const [file = "", ...rest] = args;
    const hostArgs = rest[0]?.startsWith("https") === true ? rest : [host, ...rest];
    const result = await carrara("manifest", "verify", file, ...hostArgs, "-i");
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
  });

  test("names what another manifest says differently", async () => {
    const mesh = MANIFEST.replace(/}$/, ',"Marbles":{"m":{"Package":"a"}}}');
    const { host } = Object.assign(await start(), { manifest: utf8(mesh) });
    await writeFile(join(dir, "other.json"), mesh.replace('"00"', '"01"'));
    const other = await carrara("manifest", "verify", "other.json", host, "-i");
    expect(other.code).toBe(3);
    expect(other.stderr).toMatch(/^Error: MANIFEST_MISMATCH: .*;\n {2}Package a /m);
    await writeFile(join(dir, "other.json"), `${mesh}\n`);
    const same = await carrara("manifest", "verify", "other.json", host, "-i");
    expect(same.stderr).toContain("; they say the same in other bytes\n");
  });

  test("fails on a Coordinator without manifest with exit 1", async () => {
    const { host } = await start();
    const { code, stderr } = await carrara("manifest", "verify", "manifest.json", host, "-i");
    expect(code).toBe(1);
    expect(stderr).toContain("Error: MANIFEST_NOT_SET: ");
  });

  test("fails with exit 4 when nobody answers", async () => {
    const { code, stderr } = await carrara(
      "manifest",
      "verify",
      "manifest.json",
      "127.0.0.1:1",
      "-i",
    );
    expect(code).toBe(4);
    expect(stderr).toMatch(/^Error: UNREACHABLE: /);
  });
});

function flipped(quote: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(quote);
  // In MRENCLAVE, behind the 16 bytes of the Open Enclave form and the quote's header.
  changed[16 + 48 + 64] = (changed[16 + 48 + 64] ?? 0) ^ 1;
  return changed;
}

describe("a Coordinator without evidence", () => {
  test("is refused with exit 3", async () => {
    const { host } = await startWithManifest({ quote: () => undefined });
    const { code, stderr } = await carrara("manifest", "verify", "manifest.json", host);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: EVIDENCE_MISSING: /);
  });

  test("is taken at its word with --insecure, which every output says", async () => {
    const { host } = await startWithManifest({ quote: () => undefined });
    const text = await carrara("manifest", "verify", "manifest.json", host, "-i");
    expect(text).toMatchObject({ code: 0, stdout: "OK\nCoordinator: no evidence\n" });
    expect(text.stderr).toMatch(/^NOT ATTESTED: /);
    const json = await carrara("manifest", "verify", "manifest.json", host, "-i", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ assurance: "none", coordinator: null });
  });
});

describe("the expected identity", () => {
  const era = {
    UniqueID: UNIQUE_ID,
    SignerID: SIGNER_ID,
    ProductID: 3,
    SecurityVersion: 2,
    Debug: false,
  };

  async function verifyWith(
    config: object,
    options: Partial<FakeCoordinatorOptions> = {},
  ): Promise<{ code: number; stderr: string }> {
    const { host } = await startWithManifest(options);
    await writeFile(join(dir, "era.json"), JSON.stringify(config));
    return await carrara(
      "manifest",
      "verify",
      "manifest.json",
      host,
      "-i",
      "--era-config",
      "era.json",
    );
  }

  test.each([
    ["all of it", era],
    ["the measurement alone", { UniqueID: UNIQUE_ID }],
    ["signer, product and an older version", { ...era, UniqueID: "", SecurityVersion: 1 }],
  ])("is met by %s", async (_, config) => {
    expect(await verifyWith(config)).toMatchObject({ code: 0 });
  });

  test.each([
    ["another measurement", { ...era, UniqueID: "00".repeat(32) }],
    ["another signer", { ...era, SignerID: "00".repeat(32) }],
    ["another product", { ...era, ProductID: 4 }],
    ["too low a version", { ...era, SecurityVersion: 3 }],
    ["a signer without product and version", { SignerID: SIGNER_ID }],
  ])("refuses %s with exit 3", async (_, config) => {
    const { code, stderr } = await verifyWith(config);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: COORDINATOR_REFUSED: /m);
  });

  test("refuses a debug enclave unless it says Debug", async () => {
    const identity = { ...FAKE_IDENTITY, debug: true };
    expect(await verifyWith(era, { identity })).toMatchObject({ code: 3 });
    expect(await verifyWith({ ...era, Debug: true }, { identity })).toMatchObject({ code: 0 });
  });

  test("cannot ask to skip verification", async () => {
    const { code, stderr } = await verifyWith({ ...era, InsecureSkipVerify: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: ERA_CONFIG_INVALID: /);
  });
});

describe("manifest set", () => {
  test("attests, sets, and says what upstream's says", async () => {
    const coordinator = await start();
    const fingerprint = await manifestFingerprint(utf8(MANIFEST));
    expect(await carrara("manifest", "set", "manifest.json", coordinator.host, "-i")).toEqual({
      code: 0,
      stdout: `Coordinator verified\n${COORDINATOR_LINES}\nManifest signature: ${fingerprint}\nManifest successfully set\n`,
      stderr: BANNER,
    });
    expect(coordinator.manifest).toEqual(utf8(MANIFEST));
  });

  test("converts YAML", async () => {
    const coordinator = await start();
    await writeFile(join(dir, "manifest.yaml"), 'Packages:\n  a:\n    UniqueID: "00"\n');
    await carrara("manifest", "set", "manifest.yaml", coordinator.host, "-i");
    expect(coordinator.manifest).toEqual(utf8(MANIFEST));
  });

  test("never sends a manifest to a Coordinator it does not trust", async () => {
    const coordinator = await start();
    expect(await carrara("manifest", "set", "manifest.json", coordinator.host)).toMatchObject({
      code: 3,
    });
    expect(coordinator.manifest).toBeUndefined();
  });

  test("reports a second manifest with the Coordinator's words", async () => {
    const { host } = await startWithManifest();
    const { code, stderr } = await carrara("manifest", "set", "manifest.json", host, "-i");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: SERVER_REFUSED: .*server is not in expected state/m);
  });

  test("writes recovery secrets to the file, or prints them", async () => {
    const recoverySecrets = { admin: "c2VjcmV0" };
    const first = await start({ recoverySecrets });
    const toFile = await carrara(
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
    expect(await readFile(join(dir, "r.json"), "utf8")).toBe(expected);
    expect((await stat(join(dir, "r.json"))).mode & 0o777).toBe(0o600);
    const second = await start({ recoverySecrets });
    const printed = await carrara("manifest", "set", "manifest.json", second.host, "-i");
    expect(printed.stdout).toContain(`\n${expected}\n`);
  });
});

describe("recovery secrets that cannot be written", () => {
  test("are shown, for the Coordinator gives them only once", async () => {
    const recoverySecrets = { admin: "c2VjcmV0" };
    const { host } = await start({ recoverySecrets });
    const args = ["manifest", "set", "manifest.json", host, "-i", "-r", "manifest.json/r.json"];
    const { code, stdout, stderr } = await carrara(...args);
    expect(code).toBe(1);
    expect(stdout).toContain(JSON.stringify({ RecoverySecrets: recoverySecrets }));
    expect(stderr).toMatch(/^Error: FILE_UNWRITABLE: /m);
  });
});

describe("manifest get", () => {
  test("prints the manifest byte for byte", async () => {
    const { host } = await startWithManifest();
    expect(await carrara("manifest", "get", host, "-i")).toEqual({
      code: 0,
      stdout: MANIFEST,
      stderr: BANNER,
    });
  });

  test("wraps it with -s, writes it with -o, documents it with --json", async () => {
    const { host } = await startWithManifest();
    const fingerprint = await manifestFingerprint(utf8(MANIFEST));
    const signed = await carrara("manifest", "get", host, "-i", "-s");
    expect(JSON.parse(signed.stdout)).toEqual({
      ManifestSignature: fingerprint,
      Manifest: JSON.parse(MANIFEST),
    });
    await carrara("manifest", "get", host, "-i", "-o", "got.json");
    expect(await readFile(join(dir, "got.json"), "utf8")).toBe(MANIFEST);
    const json = await carrara("manifest", "get", host, "-i", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ fingerprint, manifest: MANIFEST });
  });

  test("keeps the certificates only with --keep-cert", async () => {
    const { host } = await startWithManifest();
    await carrara("manifest", "get", host, "-i");
    expect(await carrara("status", host)).toMatchObject({ code: 1 });
    await carrara("manifest", "get", host, "-i", "--keep-cert");
    expect(await carrara("status", host)).toMatchObject({ code: 0 });
  });
});

describe("commands on a Coordinator that was verified before", () => {
  test("need its certificates", async () => {
    const { host } = await start();
    const { code, stderr } = await carrara("status", host);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: CERTIFICATE_CACHE_MISSING: /);
  });

  test("refuse another Coordinator with exit 3", async () => {
    const first = await startWithManifest();
    const second = await startWithManifest();
    await carrara("manifest", "verify", "manifest.json", first.host, "-i");
    const { code, stderr } = await carrara("status", second.host);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: TLS_NOT_TRUSTED: /m);
  });

  test("read the certificates from --coordinator-cert", async () => {
    const { host, chainPem } = await start();
    await writeFile(join(dir, "chain.pem"), chainPem);
    const { code, stdout } = await carrara(
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
    const { host } = await start();
    expect(await carrara("status", host, "-i")).toEqual({
      code: 0,
      stdout: "2: Coordinator is ready to accept a manifest.\n",
      stderr: BANNER,
    });
  });

  test("print the update log", async () => {
    const { host } = await start();
    const { stdout } = await carrara("manifest", "log", host, "-i");
    expect(stdout).toBe('Update log:\n{"update":"Initial manifest set"}\n');
    const json = await carrara("manifest", "log", host, "-i", "--json");
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
  const { host } = await start();
  const { code, stdout } = await carrara("certificate", kind, host, "-i");
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${line}\n` });
  const pem = await readFile(join(dir, file), "utf8");
  expect(pem.split("-----BEGIN CERTIFICATE-----")).toHaveLength(blocks + 1);
});

test("--nonce is covered by fresh evidence, and --save-sgx-quote keeps that", async () => {
  const { host } = await startWithManifest();
  const args = ["-i", "--nonce", "today?", "--save-sgx-quote", "q.bin"];
  expect(await carrara("manifest", "verify", "manifest.json", host, ...args)).toMatchObject({
    code: 0,
  });
  const quote = await readFile(join(dir, "q.bin"));
  const { root } = await import("node:crypto").then(({ X509Certificate }) => ({
    root: new X509Certificate(coordinators[0]?.chainPem ?? "").raw,
  }));
  const digest = await crypto.subtle.digest("SHA-256", Buffer.concat([root, utf8("today?")]));
  expect(quote.includes(Buffer.from(digest))).toBe(true);
});

test("manifest signature is the fingerprint of the file, without any Coordinator", async () => {
  const { code, stdout } = await carrara("manifest", "signature", "manifest.json");
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
    const { code, stdout, stderr } = await carrara(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Error: USAGE: /);
  });

  test("--help ends with 0 and has examples and exit codes", async () => {
    const { code, stdout } = await carrara("--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/Examples:[\s\S]*3 not trusted/);
    expect((await carrara("manifest", "verify", "--help")).stdout).toContain("--insecure");
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
