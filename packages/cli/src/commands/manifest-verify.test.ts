import { X509Certificate } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { manifestFingerprint } from "@carrara/client";
import { utf8 } from "@carrara/encoding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FAKE_IDENTITY, type FakeCoordinatorOptions } from "../testing/fake-coordinator.ts";
import { createManifestWorld, MANIFEST, type ManifestWorld } from "../testing/manifest-world.ts";

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

let world: ManifestWorld;

beforeEach(async () => {
  world = await createManifestWorld();
});
afterEach(async () => await world.close());

describe("manifest verify", () => {
  test("says OK and names the Coordinator, with the banner on standard error", async () => {
    const { host } = await world.startWithManifest();
    expect(await world.run("manifest", "verify", "manifest.json", host, "--insecure")).toEqual({
      code: 0,
      stdout: `OK\n${COORDINATOR_LINES}\n`,
      stderr: BANNER,
    });
  });

  test("with --json prints one document that says simulation first", async () => {
    const { host } = await world.startWithManifest();
    const fingerprint = await manifestFingerprint(utf8(MANIFEST));
    const { code, stdout, stderr } = await world.run(
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
    const { host, chainPem } = await world.startWithManifest();
    const env = { MARBLERUN: host };
    const args = ["manifest", "verify", "manifest.json", "-i"];
    expect(await world.runWith(env, ...args)).toMatchObject({ code: 0 });
    const cache = join(world.dir, "marblerun", "coordinator-cert.pem");
    expect(await readFile(cache, "utf8")).toContain(chainPem);
    expect((await stat(cache)).mode & 0o777).toBe(0o600);
    expect(await world.run("status", host)).toEqual({
      code: 0,
      stdout: "3: Coordinator is running correctly and ready to accept marbles.\n",
      stderr: BANNER,
    });
  });

  test("refuses the simulation with exit 3 and says why", async () => {
    const { host } = await world.startWithManifest();
    const { code, stdout, stderr } = await world.run("manifest", "verify", "manifest.json", host);
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
    const { host } = await world.startWithManifest(options);
    const [file = "", ...rest] = args;
    const hostArgs = rest[0]?.startsWith("https") === true ? rest : [host, ...rest];
    const result = await world.run("manifest", "verify", file, ...hostArgs, "-i");
    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(`Error: ${error}: `);
  });

  test("names what another manifest says differently", async () => {
    const mesh = MANIFEST.replace(/}$/, ',"Marbles":{"m":{"Package":"a"}}}');
    const { host } = Object.assign(await world.start(), { manifest: utf8(mesh) });
    await writeFile(join(world.dir, "other.json"), mesh.replace('"00"', '"01"'));
    const other = await world.run("manifest", "verify", "other.json", host, "-i");
    expect(other.code).toBe(3);
    expect(other.stderr).toMatch(/^Error: MANIFEST_MISMATCH: .*;\n {2}Package a /m);
    await writeFile(join(world.dir, "other.json"), `${mesh}\n`);
    const same = await world.run("manifest", "verify", "other.json", host, "-i");
    expect(same.stderr).toContain("; they say the same in other bytes\n");
  });

  test("fails on a Coordinator without manifest with exit 1", async () => {
    const { host } = await world.start();
    const { code, stderr } = await world.run("manifest", "verify", "manifest.json", host, "-i");
    expect(code).toBe(1);
    expect(stderr).toContain("Error: MANIFEST_NOT_SET: ");
  });

  test("fails with exit 4 when nobody answers", async () => {
    const { code, stderr } = await world.run(
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
    const { host } = await world.startWithManifest({ quote: () => undefined });
    const { code, stderr } = await world.run("manifest", "verify", "manifest.json", host);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Error: EVIDENCE_MISSING: /);
  });

  test("is taken at its word with --insecure, which every output says", async () => {
    const { host } = await world.startWithManifest({ quote: () => undefined });
    const text = await world.run("manifest", "verify", "manifest.json", host, "-i");
    expect(text).toMatchObject({ code: 0, stdout: "OK\nCoordinator: no evidence\n" });
    expect(text.stderr).toMatch(/^NOT ATTESTED: /);
    const json = await world.run("manifest", "verify", "manifest.json", host, "-i", "--json");
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
    const { host } = await world.startWithManifest(options);
    await writeFile(join(world.dir, "era.json"), JSON.stringify(config));
    return await world.run(
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

test("--nonce is covered by fresh evidence, and --save-sgx-quote keeps that", async () => {
  const { host, chainPem } = await world.startWithManifest();
  const args = ["-i", "--nonce", "today?", "--save-sgx-quote", "q.bin"];
  expect(await world.run("manifest", "verify", "manifest.json", host, ...args)).toMatchObject({
    code: 0,
  });
  const quote = await readFile(join(world.dir, "q.bin"));
  const root = new X509Certificate(chainPem).raw;
  const digest = await crypto.subtle.digest("SHA-256", Buffer.concat([root, utf8("today?")]));
  expect(quote.includes(Buffer.from(digest))).toBe(true);
});
