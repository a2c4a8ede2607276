import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createEvidenceVerifier,
  parseQuote,
  softwareIdentityOf,
  tdUniqueId,
} from "@carrara/attestation";
import { fromBase64, toHex } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadNodeExecutable, type NodeExecutable } from "../image/node-executable.ts";
import { generateSigningKey } from "../image/sign-image.ts";
import { PLAIN_SETTINGS, signedImageOf } from "../testing/signed-image.ts";
import type { LaunchOptions } from "./enclave.ts";
import { enclaveEnvironment } from "./launch-enclave.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "./simulated-platform.ts";

const REPORT = `console.log(JSON.stringify({ argv: process.argv, env: process.env, url: import.meta.url }));`;
/** Asks for a quote over the channel without any library. */
const ASK = `
process.on("message", (reply) => { console.log(JSON.stringify(reply)); process.disconnect(); });
process.send({ carrara: 1, id: 1, kind: "quote", reportData: "0a0b" });`;
const FOREVER = `console.log("up"); setInterval(() => {}, 1000);`;

let dir = "";
let key = "";
let node: NodeExecutable;
let platform: SimulatedPlatform;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-launch-"));
  [key, node] = await Promise.all([generateSigningKey(), loadNodeExecutable()]);
  platform = await createSimulatedPlatform({ dir, node });
});

afterAll(async () => {
  await platform.close();
  await rm(dir, { recursive: true });
});

async function image(source: string, settings = {}): Promise<Uint8Array> {
  return await signedImageOf(source, { key, node, settings });
}

/** Runs an image to its end. */
async function run(source: string, options: LaunchOptions = {}, settings = {}): Promise<string> {
  let output = "";
  const enclave = await platform.launch(await image(source, settings), {
    ...options,
    onOutput: (_, chunk) => {
      output += new TextDecoder().decode(chunk);
    },
  });
  expect(await enclave.exited).toEqual({ code: 0, signal: null });
  return output;
}

describe("launch", () => {
  test("gives an image its arguments and exactly the variables that it allows", async () => {
    const host = { EDG_MARBLE_TYPE: "web", HOME: "/root", PATH: "/bin", FIXED: "host" };
    const output = await run(
      REPORT,
      { args: ["--inspect", "a b"], env: host },
      { env: { FIXED: "image" } },
    );
    expect(JSON.parse(output)).toMatchObject({
      argv: [node.path, "-", "--inspect", "a b"],
      env: { EDG_MARBLE_TYPE: "web", FIXED: "image", CARRARA_TEE: "simulation" },
    });
    expect(Object.keys(JSON.parse(output).env)).toHaveLength(3);
  });

  test("answers quotes for the measured identity", async () => {
    const reply = JSON.parse(await run(ASK));
    const { body } = parseQuote(fromBase64(reply.value));
    const enclave = await platform.launch(await image(ASK));
    expect(body).toMatchObject({ mrEnclave: enclave.identity.mrEnclave });
    expect(body).toMatchObject({ isvProdId: 7, isvSvn: 3, debug: false });
    expect([...body.reportData.subarray(0, 3)]).toEqual([10, 11, 0]);
    await enclave.exited;
  });

  test.each(["tdx", "snp"] as const)("answers %s evidence for what it measured", async (tee) => {
    const other = await createSimulatedPlatform({ dir, tee, node, rsaBits: 2048 });
    const policyFile = new TextEncoder().encode("{}");
    let output = "";
    const enclave = await other.launch(await image(ASK), {
      policyFile,
      onOutput: (_, chunk) => {
        output += new TextDecoder().decode(chunk);
      },
    });
    await enclave.exited;
    const verified = await createEvidenceVerifier().verify({
      evidence: fromBase64(JSON.parse(output).value),
      endorsements: await other.endorsements(),
      anchors: [other.anchor],
      now: new Date(),
    });
    const { uniqueId } = await softwareIdentityOf(verified);
    const { td, snpMeasurement } = enclave.identity;
    expect(uniqueId).toBe(tee === "tdx" ? await tdUniqueId(td) : toHex(snpMeasurement));
    const hostData = createHash("sha256").update(policyFile).digest("hex");
    expect(verified.tee === "snp" ? toHex(verified.claims.hostData) : hostData).toBe(hostData);
    await other.close();
  });

  test.each([
    ["an unsigned image", (bytes: Uint8Array) => bytes.slice(0, -1808), "IMAGE_UNSIGNED"],
    [
      "a changed bundle",
      (bytes: Uint8Array) => bytes.with(60, (bytes[60] ?? 0) ^ 1),
      "IMAGE_MEASUREMENT_MISMATCH",
    ],
    [
      "a changed signature",
      (bytes: Uint8Array) => bytes.with(bytes.length - 1000, 0xa5),
      "IMAGE_SIGNATURE_INVALID",
    ],
    [
      "bytes behind the signature",
      (bytes: Uint8Array) => new Uint8Array([...bytes, 0]),
      "IMAGE_MALFORMED",
    ],
  ])("refuses %s", async (_, change, code) => {
    await expect(platform.launch(change(await image(FOREVER)))).rejects.toMatchObject({ code });
  });

  test("refuses NODE_OPTIONS with LAUNCH_REFUSED", async () => {
    const env = { NODE_OPTIONS: "--import=/tmp/x.mjs" };
    await expect(platform.launch(await image(FOREVER), { env })).rejects.toMatchObject({
      code: "LAUNCH_REFUSED",
    });
  });

  test("refuses a working directory that does not exist with LAUNCH_REFUSED", async () => {
    await expect(
      platform.launch(await image(FOREVER), { cwd: join(dir, "missing") }),
    ).rejects.toMatchObject({ code: "LAUNCH_REFUSED" });
  });

  test("says once how an enclave ended", async () => {
    const exits: unknown[] = [];
    const enclave = await platform.launch(await image("process.exitCode = 3"), {
      onExit: (exit) => exits.push(exit),
    });
    await enclave.exited;
    await Promise.resolve();
    expect(exits).toEqual([{ code: 3, signal: null }]);
  });

  test("stops an enclave with SIGTERM, or by its signal", async () => {
    const enclave = await platform.launch(await image(FOREVER));
    expect(await enclave.stop()).toEqual({ code: null, signal: "SIGTERM" });
    expect(await enclave.stop()).toEqual({ code: null, signal: "SIGTERM" });
    const abort = new AbortController();
    const other = await platform.launch(await image(FOREVER), { signal: abort.signal });
    abort.abort();
    expect(await other.exited).toEqual({ code: null, signal: "SIGTERM" });
  });

  test("stops an enclave that ignores SIGTERM with SIGKILL", async () => {
    const stubborn = `process.on("SIGTERM", () => {}); ${FOREVER}`;
    let ready: () => void = () => undefined;
    const up = new Promise<void>((resolve) => {
      ready = resolve;
    });
    const enclave = await platform.launch(await image(stubborn), { onOutput: () => ready() });
    await up;
    expect(await enclave.stop({ graceMs: 50 })).toEqual({ code: null, signal: "SIGKILL" });
  });
});

describe("the environment of an enclave", () => {
  test("cannot hide that it is a simulation", () => {
    const settings = { ...PLAIN_SETTINGS, env: { CARRARA_TEE: "hardware" } };
    expect(enclaveEnvironment(settings, { CARRARA_TEE: "sgx" })).toEqual({
      CARRARA_TEE: "simulation",
    });
  });

  test("leaves out what is undefined and refuses a zero byte", () => {
    expect(enclaveEnvironment(PLAIN_SETTINGS, { EDG_A: undefined, NODE_OPTIONS: "" })).toEqual({
      CARRARA_TEE: "simulation",
    });
    expect(() => enclaveEnvironment(PLAIN_SETTINGS, { EDG_A: "a\0b" })).toThrow(
      expect.objectContaining({ code: "LAUNCH_REFUSED" }),
    );
  });
});
