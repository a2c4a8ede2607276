import { describe, expect, test } from "vitest";
import { AMD_SIGNATURES } from "./certificate-check.ts";
import { createRootLoader } from "./root.ts";
import { codeOf } from "./testing/verify-code.ts";
import { AMD_ROOTS, INTEL_SGX_ROOT, type TrustAnchor } from "./trust-anchor.ts";

describe("a vendor's root", () => {
  test("is hardware to who expects that vendor", async () => {
    const { kind, name } = await createRootLoader()(INTEL_SGX_ROOT);
    expect([kind, name]).toEqual(["hardware", "Intel SGX Root CA"]);
    const loadAmd = createRootLoader(AMD_SIGNATURES);
    const roots = await Promise.all(AMD_ROOTS.map(loadAmd));
    expect(roots.map((root) => `${root.kind} ${root.name}`)).toEqual([
      "hardware ARK-Milan",
      "hardware ARK-Genoa",
      "hardware ARK-Turin",
    ]);
  });

  test("is refused by who expects another vendor", async () => {
    expect(await codeOf(createRootLoader(AMD_SIGNATURES)(INTEL_SGX_ROOT))).toBe(
      "CERT_CHAIN_INVALID",
    );
    for (const root of AMD_ROOTS) {
      expect(await codeOf(createRootLoader()(root))).toBe("CERT_CHAIN_INVALID");
    }
  });

  test("must have the key of its certificate", async () => {
    const [milan, genoa] = AMD_ROOTS as readonly [TrustAnchor, TrustAnchor];
    const mixed = { ...milan, certificate: genoa.certificate };
    expect(await codeOf(createRootLoader(AMD_SIGNATURES)(mixed))).toBe("CERT_UNTRUSTED_ROOT");
  });
});
