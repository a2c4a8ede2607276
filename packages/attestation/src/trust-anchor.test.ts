import { toHex } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { sha256 } from "./crypto.ts";
import { createTestSnpKeys, createTestSnpPlatform } from "./snp/testing/test-snp-platform.ts";
import { createTestPlatform } from "./testing/test-platform.ts";
import { AMD_ROOTS, assuranceOf, createSimulationAnchor, INTEL_SGX_ROOT } from "./trust-anchor.ts";

describe("Intel's root", () => {
  test("is the certificate that Intel publishes", async () => {
    expect(toHex(await sha256(INTEL_SGX_ROOT.certificate))).toBe(
      "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3",
    );
    const named = { kind: "hardware", vendor: "intel", name: "Intel SGX Root CA" };
    expect(INTEL_SGX_ROOT).toMatchObject(named);
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

describe("AMD's roots", () => {
  test.each([
    ["ARK-Milan", "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd"],
    ["ARK-Genoa", "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1"],
    ["ARK-Turin", "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a"],
  ])("have the certificate of %s that AMD publishes", async (name, digest) => {
    const root = AMD_ROOTS.find((anchor) => anchor.name === name);
    expect(toHex(await sha256(root?.certificate ?? new Uint8Array()))).toBe(digest);
    expect(root).toMatchObject({ kind: "hardware", vendor: "amd" });
    expect(Object.isFrozen(root)).toBe(true);
  });

  test("are three, cannot be added to, and are no simulation", () => {
    expect(AMD_ROOTS).toHaveLength(3);
    expect(Object.isFrozen(AMD_ROOTS)).toBe(true);
    for (const { certificate, spki } of AMD_ROOTS) {
      expect(assuranceOf(spki)).toBe("hardware");
      expect(() => createSimulationAnchor(certificate)).toThrow(
        expect.objectContaining({ code: "CERT_UNTRUSTED_ROOT" }),
      );
    }
  });
});

describe("any other root", () => {
  test("is a simulation", async () => {
    const { anchor } = await createTestPlatform();
    expect(createSimulationAnchor(anchor.certificate)).toEqual(anchor);
    expect(anchor).toMatchObject({ kind: "simulation", name: "SIMULATION SGX Root CA" });
    expect(anchor.vendor).toBe("intel");
    expect(Object.isFrozen(anchor)).toBe(true);
    expect(assuranceOf(anchor.spki)).toBe("simulation");
  });

  test("is of AMD's form when it is named so", async () => {
    const { anchor } = await createTestSnpPlatform(await createTestSnpKeys());
    expect(anchor).toMatchObject({ kind: "simulation", vendor: "amd", name: "ARK-Milan" });
    expect(assuranceOf(anchor.spki)).toBe("simulation");
  });

  test("must be a certificate", () => {
    expect(() => createSimulationAnchor(new Uint8Array(5))).toThrow(
      expect.objectContaining({ code: "CERT_MALFORMED" }),
    );
  });
});
