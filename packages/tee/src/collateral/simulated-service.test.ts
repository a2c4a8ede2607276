import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PcsServer } from "../platform/pcs-server.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "../platform/simulated-platform.ts";
import { PAPER_NODE } from "../testing/signed-image.ts";
import { createCachedProvider } from "./cached-provider.ts";
import { createPccsProvider } from "./pccs-provider.ts";
import { createPcsProvider } from "./pcs-provider.ts";
import { collateralRefusalOf } from "./refusal.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const SIMULATED = { fmspc: "53494d000000", tee: "sgx", ca: "platform" } as const;

let dir: string;
let platform: SimulatedPlatform;
let pcs: PcsServer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "carrara-simulated-"));
  platform = await createSimulatedPlatform({ dir, node: PAPER_NODE, now: () => NOW });
  pcs = await platform.servePcs({ host: "127.0.0.1", port: 0 });
});

afterAll(async () => {
  await platform.close();
  await rm(dir, { recursive: true });
});

describe("the simulated platform's service", () => {
  test.each([
    ["a PCCS", () => createPccsProvider({ url: pcs.url })],
    [
      "a PCS",
      () => createPcsProvider({ url: pcs.url, rootCrlUrl: `${pcs.url}/IntelSGXRootCA.der` }),
    ],
  ])("is asked as %s, and kept under the platform's anchor", async (_, make) => {
    const anchors = [platform.anchor];
    const cache = createCachedProvider({ source: make(), anchors, now: () => NOW });
    const { tcbInfo } = await cache.getDcapCollateral(SIMULATED);
    expect(tcbInfo).toBe((await platform.collateral()).tcbInfo);
  });

  test("does not know other platforms", async () => {
    const provider = createPccsProvider({ url: pcs.url });
    const other = { ...SIMULATED, fmspc: "00906ed50000" };
    const error = await provider.getDcapCollateral(other).catch((caught: unknown) => caught);
    expect(collateralRefusalOf(error)).toMatchObject({ kind: "unknown", status: 404 });
  });
});
