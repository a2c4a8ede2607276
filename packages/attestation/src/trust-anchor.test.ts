import { toHex } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { sha256 } from "./crypto.ts";
import { createTestPlatform } from "./testing/test-platform.ts";
import { assuranceOf, createSimulationAnchor, INTEL_SGX_ROOT } from "./trust-anchor.ts";

describe("Intel's root", () => {
  test("is the certificate that Intel publishes", async () => {
    expect(toHex(await sha256(INTEL_SGX_ROOT.certificate))).toBe(
      "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
    );
    expect(INTEL_SGX_ROOT).toMatchObject({ kind: "hardware", name: "Intel SGX Root CA" });
    expect(Object.isFrozen(INTEL_SGX_ROOT)).toBe(true);
  });

  test("stays hardware when the bytes that were handed out are overwritten", () => {
    const { spki } = INTEL_SGX_ROOT;
    const good = spki.slice();
    spki.fill(0);
    try {
      expect(assuranceOf(good)).toBe("hardware");
      expect(assuranceOf(spki)).toBe("simulation");
    } finally {
      spki.set(good);
    }
  });

  test("cannot be declared a simulation", () => {
    expect(() => createSimulationAnchor(INTEL_SGX_ROOT.certificate)).toThrow(
      expect.objectContaining({ code: "CERT_UNTRUSTED_ROOT" }),
    );
  });
});

describe("any other root", () => {
  test("is a simulation", async () => {
    const { anchor } = await createTestPlatform();
    expect(createSimulationAnchor(anchor.certificate)).toEqual(anchor);
    expect(anchor).toMatchObject({ kind: "simulation", name: "SIMULATION SGX Root CA" });
    expect(Object.isFrozen(anchor)).toBe(true);
    expect(assuranceOf(anchor.spki)).toBe("simulation");
  });

  test("must be a certificate", () => {
    expect(() => createSimulationAnchor(new Uint8Array(5))).toThrow(
      expect.objectContaining({ code: "CERT_MALFORMED" }),
    );
  });
});
