import { commonName } from "@carrara/pki";
import { describe, expect, test } from "vitest";
import { createTestPlatform } from "../testing/test-platform.ts";
import { codeOf, inputOf } from "../testing/verify-code.ts";
import { INTEL_SGX_ROOT, type TrustAnchor } from "../trust-anchor.ts";
import type { DcapCollateral } from "./collateral.ts";
import { requireSgx, type VerifiedSgxQuote } from "./verified-quote.ts";
import { createDcapVerifier, type DcapVerification } from "./verifier.ts";

async function verify(input: DcapVerification): Promise<VerifiedSgxQuote> {
  return requireSgx(await createDcapVerifier().verify(input));
}

describe("what the caller gives", () => {
  test("an anchor cannot be made hardware by saying so", async () => {
    const platform = await createTestPlatform();
    const input = await inputOf(platform);
    const anchor: TrustAnchor = { ...platform.anchor, kind: "hardware", name: "Intel SGX Root CA" };
    const verified = await verify({ ...input, anchor });
    expect(verified.assurance).toBe("simulation");
    expect(verified.trustAnchor.name).toBe("SIMULATION SGX Root CA");
  });

  test("an anchor with Intel's key and another certificate is refused", async () => {
    const platform = await createTestPlatform();
    const input = await inputOf(platform);
    const mixed = { ...platform.anchor, spki: INTEL_SGX_ROOT.spki };
    expect(await codeOf(verify({ ...input, anchor: mixed }))).toBe("CERT_UNTRUSTED_ROOT");
  });

  test("a simulation may not call its root Intel's", async () => {
    const platform = await createTestPlatform({
      certificate: (role, good) => ({
        ...good,
        subject: commonName(
          (good.subject[0]?.value ?? "").replace("SIMULATION", role === "leaf" ? "x" : "Intel"),
        ),
        issuer: commonName((good.issuer[0]?.value ?? "").replace("SIMULATION", "Intel")),
      }),
      crl: (issuer, good) => ({
        ...good,
        issuer: commonName(issuer === "root" ? "Intel SGX Root CA" : "Intel SGX PCK Platform CA"),
      }),
    });
    expect(await codeOf(verify(await inputOf(platform)))).toBe("CERT_WRONG_ROLE");
  });

  test("evidence of one platform fails under the root of another, and under Intel's", async () => {
    const platform = await createTestPlatform();
    const other = await createTestPlatform();
    const input = await inputOf(platform);
    for (const anchor of [other.anchor, INTEL_SGX_ROOT]) {
      expect(await codeOf(verify({ ...input, anchor }))).toBe("CERT_UNTRUSTED_ROOT");
    }
  });

  test("memory that is shared is refused, and later changes have no effect", async () => {
    const input = await inputOf(await createTestPlatform());
    const shared = new Uint8Array(new SharedArrayBuffer(input.quote.length));
    shared.set(input.quote);
    expect(await codeOf(verify({ ...input, quote: shared }))).toBe("VERIFIER_INPUT");
    // A Buffer's slice is a view: the copy must not be made with it.
    const buffer = Buffer.from(input.quote);
    const pending = verify({ ...input, quote: buffer });
    buffer.fill(0);
    expect((await pending).body.mrEnclave).toEqual(new Uint8Array(32).fill(0xaa));
  });

  test.each([
    ["VERIFIER_INPUT", { now: new Date(Number.NaN) }],
    ["VERIFIER_INPUT", { quote: "quote" }],
    ["VERIFIER_INPUT", { collateral: undefined, anchor: undefined }],
    ["VERIFIER_INPUT", { anchor: {} }],
    ["COLLATERAL_UNAVAILABLE", { collateral: {} }],
    ["QUOTE_TRUNCATED", { quote: new Uint8Array() }],
  ])("%s for untyped input %j", async (code, change) => {
    const input = await inputOf(await createTestPlatform());
    expect(await codeOf(verify({ ...input, ...change } as DcapVerification))).toBe(code);
  });

  test.each<[string, keyof DcapCollateral, unknown]>([
    ["COLLATERAL_UNAVAILABLE", "tcbInfo", undefined],
    ["COLLATERAL_UNAVAILABLE", "qeIdentityIssuerChain", 7],
    ["TCB_INFO_MALFORMED", "tcbInfo", ""],
    ["QE_IDENTITY_MALFORMED", "qeIdentity", "{}"],
    ["CERT_CHAIN_INVALID", "tcbInfoIssuerChain", ""],
    ["CERT_MALFORMED", "tcbInfoIssuerChain", "x".repeat(100_000)],
    ["CRL_MISSING", "pckCrl", ""],
    ["CRL_MISSING", "rootCaCrl", ""],
    ["CRL_MALFORMED", "pckCrl", "zz"],
    ["CRL_MALFORMED", "rootCaCrl", "3000"],
    ["CRL_MALFORMED", "pckCrl", "0".repeat(2 * 1024 * 1024 + 2)],
  ])("%s when %s is %j", async (code, field, value) => {
    const input = await inputOf(await createTestPlatform());
    const collateral = { ...input.collateral, [field]: value } as DcapCollateral;
    expect(await codeOf(verify({ ...input, collateral }))).toBe(code);
  });

  test("the issuer chain of the PCK CRL proves nothing and is not needed", async () => {
    const input = await inputOf(await createTestPlatform());
    const collateral = { ...input.collateral, pckCrlIssuerChain: "" };
    expect(await codeOf(verify({ ...input, collateral }))).toBe("accepted");
  });
});
