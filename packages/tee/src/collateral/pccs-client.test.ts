import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DcapCollateral } from "@carrara/attestation";
import { encodePem, fromHex } from "@carrara/encoding";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answerPcs } from "../platform/pcs-server.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "../platform/simulated-platform.ts";
import { PAPER_NODE } from "../testing/signed-image.ts";
import { pccsEndpoints } from "./fetch-collateral.ts";
import { createPccsClient, type PccsClient } from "./pccs-client.ts";

const START = new Date("2026-11-21T12:00:00Z").getTime();
const HOUR_MS = 3_600_000;
const FAMILY = { fmspc: "53494d000000", ca: "platform" } as const;

let dir = "";
let platform: SimulatedPlatform;
let clock = START;
let requests: string[] = [];
/** What the service does with a request; the simulated PCS unless a test says otherwise. */
let respond: (url: URL, signal: AbortSignal | undefined) => Promise<Response>;
let client: PccsClient;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-pccs-"));
  platform = await createSimulatedPlatform({ dir, node: PAPER_NODE, now: () => new Date(clock) });
});

afterAll(async () => {
  await rm(dir, { recursive: true });
});

beforeEach(() => {
  clock = START;
  requests = [];
  platform.setScenario({});
  respond = async (url) => answer(url, await platform.collateral());
  client = newClient();
});

function answer(url: URL, collateral: DcapCollateral): Response {
  const { status, headers = {}, body } = answerPcs(url, collateral);
  return new Response(Buffer.from(body), { status, headers });
}

function newClient(timeoutMs = 1000): PccsClient {
  return createPccsClient({
    url: "http://pccs.test:8081/",
    now: () => new Date(clock),
    timeoutMs,
    fetch: async (input, init) => {
      const url = new URL(String(input));
      requests.push(url.pathname);
      return await respond(url, init?.signal ?? undefined);
    },
  });
}

describe("a PCCS client", () => {
  test("gets the parts of collateral as the platform signed them", async () => {
    expect(await client.getCollateral(FAMILY)).toEqual(await platform.collateral());
    expect(requests.toSorted()).toEqual([
      "/sgx/certification/v4/pckcrl",
      "/sgx/certification/v4/qe/identity",
      "/sgx/certification/v4/rootcacrl",
      "/sgx/certification/v4/tcb",
    ]);
  });

  test("asks once for all who ask at the same time, and not again while it is fresh", async () => {
    await Promise.all([client.getCollateral(FAMILY), client.getCollateral(FAMILY)]);
    await client.getCollateral({ ...FAMILY, fmspc: "53494D000000" });
    expect(requests).toHaveLength(4);
  });

  test("asks again after a day, and lives on what it has if that fails", async () => {
    const first = await client.getCollateral(FAMILY);
    clock += 25 * HOUR_MS;
    respond = async () => await Promise.reject(new TypeError("no route"));
    expect(await client.getCollateral(FAMILY)).toBe(first);
    expect(requests).toHaveLength(8);
    expect(await client.getCollateral(FAMILY)).toBe(first);
    expect(requests).toHaveLength(8);
  });

  test("never hands out what has expired", async () => {
    await client.getCollateral(FAMILY);
    clock += 8 * 24 * HOUR_MS;
    respond = async () => await Promise.reject(new TypeError("no route"));
    await expect(client.getCollateral(FAMILY)).rejects.toMatchObject({
      name: "TeeError",
      code: "COLLATERAL_UNAVAILABLE",
    });
  });

  test("refuses collateral that was expired when it came", async () => {
    platform.setScenario({ issuedAt: new Date(START - 9 * 24 * HOUR_MS) });
    await expect(client.getCollateral(FAMILY)).rejects.toMatchObject({
      code: "COLLATERAL_UNAVAILABLE",
    });
  });

  test("remembers for five minutes that a platform is unknown", async () => {
    const unknown = { ...FAMILY, fmspc: "00906ed50000" };
    await expect(client.getCollateral(unknown)).rejects.toMatchObject({
      code: "COLLATERAL_UNAVAILABLE",
    });
    const asked = requests.length;
    await expect(client.getCollateral(unknown)).rejects.toMatchObject({
      code: "COLLATERAL_UNAVAILABLE",
    });
    expect(requests).toHaveLength(asked);
    clock += HOUR_MS;
    await expect(client.getCollateral(unknown)).rejects.toThrow();
    expect(requests.length).toBeGreaterThan(asked);
  });

  test("forgets the oldest of many families", async () => {
    await client.getCollateral(FAMILY);
    for (let i = 0; i < 64; i += 1) {
      const fmspc = i.toString(16).padStart(12, "0");
      await expect(client.getCollateral({ ...FAMILY, fmspc })).rejects.toThrow();
    }
    const asked = requests.length;
    await client.getCollateral(FAMILY);
    expect(requests).toHaveLength(asked + 4);
  });

  test.each([
    ["PEM", (hex: string) => encodePem("X509 CRL", fromHex(hex))],
    ["hex in lines", (hex: string) => `${hex.slice(0, 64)}\n${hex.slice(64).toUpperCase()}\n`],
  ])("reads CRLs that come as %s", async (_, form) => {
    const collateral = await platform.collateral();
    respond = async (url) => {
      const response = answer(url, collateral);
      const { headers } = response;
      if (url.pathname.endsWith("/pckcrl"))
        return new Response(form(collateral.pckCrl), { headers });
      return await Promise.resolve(response);
    };
    expect(await client.getCollateral(FAMILY)).toEqual(collateral);
  });

  test.each([
    ["an error of the service", () => new Response(null, { status: 502 })],
    ["no issuer chain", (url: URL, c: DcapCollateral) => new Response(answer(url, c).body)],
    ["a body without end", () => new Response(endless())],
    [
      "a body that is no collateral",
      (url: URL, c: DcapCollateral) => {
        return new Response("<html>", { headers: answer(url, c).headers });
      },
    ],
  ])("refuses %s with COLLATERAL_UNAVAILABLE", async (_, make) => {
    const collateral = await platform.collateral();
    respond = async (url) => await Promise.resolve(make(url, collateral));
    await expect(client.getCollateral(FAMILY)).rejects.toMatchObject({
      name: "TeeError",
      code: "COLLATERAL_UNAVAILABLE",
    });
  });

  test("gives up on a service that does not answer", async () => {
    respond = never;
    await expect(newClient(20).getCollateral(FAMILY)).rejects.toMatchObject({
      code: "COLLATERAL_UNAVAILABLE",
    });
  });

  test("lets one caller go without harming another", async () => {
    const abort = new AbortController();
    const [gone, waiting] = [
      client.getCollateral(FAMILY, abort.signal),
      client.getCollateral(FAMILY),
    ];
    abort.abort(new Error("enough"));
    await expect(gone).rejects.toThrow("enough");
    expect(await waiting).toEqual(await platform.collateral());
  });

  test("refuses an fmspc that is none with a TypeError", async () => {
    await expect(client.getCollateral({ ...FAMILY, fmspc: "x&y" })).rejects.toThrow(TypeError);
  });
});

describe("the address of a service", () => {
  test.each([
    ["https://h:8081", "https://h:8081/sgx/certification/v4", undefined],
    ["https://h/sgx/certification/v4/", "https://h/sgx/certification/v4", undefined],
    [
      "https://api.trustedservices.intel.com",
      "https://api.trustedservices.intel.com/sgx/certification/v4",
      "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
    ],
  ])("%s has its base and root CRL", (url, base, rootCrl = `${base}/rootcacrl`) => {
    expect(pccsEndpoints(url)).toEqual({ base, rootCrl });
  });

  test.each(["", "file:///etc/passwd"])("is refused when it is %j", (url) => {
    expect(() => pccsEndpoints(url)).toThrow(TypeError);
  });
});

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1 << 20)) });
}

async function never(_: URL, signal: AbortSignal | undefined): Promise<Response> {
  return await new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}
