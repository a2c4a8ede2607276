import { toHex } from "@carrara/encoding";
import { commonName, extension, issueCrl } from "@carrara/pki";
import { describe, expect, test } from "vitest";
import { TEST_CPU_SVN } from "../testing/test-endorsements.ts";
import { createTestPlatform } from "../testing/test-platform.ts";
import { codeOf, inputOf } from "../testing/verify-code.ts";
import { createDcapVerifier } from "./verifier.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe("the memory of a verifier", () => {
  test("never skips a time", async () => {
    const verifier = createDcapVerifier();
    const input = await inputOf(await createTestPlatform());
    const at = (days: number): Promise<string> =>
      codeOf(verifier.verify({ ...input, now: new Date(input.now.getTime() + days * DAY_MS) }));
    expect(await at(0)).toBe("accepted");
    expect(await at(0)).toBe("accepted");
    expect(await at(7.1)).toBe("TCB_INFO_EXPIRED");
    expect(await at(9.1)).toBe("CRL_EXPIRED");
    expect(await at(10.1)).toBe("CERT_EXPIRED");
    expect(await at(-1.1)).toBe("TCB_INFO_NOT_YET_VALID");
    expect(await at(-2.1)).toBe("CRL_NOT_YET_VALID");
    expect(await at(-10.1)).toBe("CERT_NOT_YET_VALID");
    expect(await at(0)).toBe("accepted");
  });

  test("never skips a revocation: a newer CRL counts at once", async () => {
    const verifier = createDcapVerifier();
    const platform = await createTestPlatform();
    const input = await inputOf(platform);
    expect(await codeOf(verifier.verify(input))).toBe("accepted");
    for (const [issuer, field, revoked] of [
      ["ca", "pckCrl", "leaf"],
      ["root", "rootCaCrl", "ca"],
      ["root", "rootCaCrl", "signer"],
    ] as const) {
      const newer = await issueCrl(
        {
          issuer: commonName(
            issuer === "ca" ? "SIMULATION SGX PCK Platform CA" : "SIMULATION SGX Root CA",
          ),
          thisUpdate: input.now,
          nextUpdate: new Date(input.now.getTime() + DAY_MS),
          revoked: [{ serial: platform.serials[revoked], date: input.now }],
          extensions: [
            extension.crlNumber(2n),
            extension.authorityKeyIdentifier(new Uint8Array(20)),
          ],
        },
        platform.keys[issuer].signer,
      );
      const collateral = { ...input.collateral, [field]: toHex(newer) };
      expect(await codeOf(verifier.verify({ ...input, collateral }))).toBe("CERT_REVOKED");
    }
    expect(await codeOf(verifier.verify(input))).toBe("accepted");
  });

  test("never mixes anchors, platforms or collateral", async () => {
    const verifier = createDcapVerifier();
    const [a, b] = [
      await inputOf(await createTestPlatform()),
      await inputOf(await createTestPlatform()),
    ];
    for (const input of [a, b]) expect(await codeOf(verifier.verify(input))).toBe("accepted");
    expect(await codeOf(verifier.verify({ ...a, anchor: b.anchor }))).toBe("CERT_UNTRUSTED_ROOT");
    expect(await codeOf(verifier.verify({ ...a, quote: b.quote }))).toBe("CERT_UNTRUSTED_ROOT");
    for (const field of ["pckCrl", "rootCaCrl", "tcbInfo", "qeIdentity"] as const) {
      const collateral = { ...a.collateral, [field]: b.collateral[field] };
      expect(await codeOf(verifier.verify({ ...a, collateral }))).toMatch(/_SIGNATURE_INVALID$/);
    }
    for (const field of ["tcbInfoIssuerChain", "qeIdentityIssuerChain"] as const) {
      const collateral = { ...a.collateral, [field]: b.collateral[field] };
      expect(await codeOf(verifier.verify({ ...a, collateral }))).toBe("CERT_UNTRUSTED_ROOT");
    }
  });

  test("never skips a signature: a quote with any byte changed gets what it gets without memory", async () => {
    const verifier = createDcapVerifier();
    const input = await inputOf(await createTestPlatform());
    expect(await codeOf(verifier.verify(input))).toBe("accepted");
    for (let at = 0; at < input.quote.length; at += 7) {
      const quote = input.quote.map((byte, i) => (i === at ? byte ^ 1 : byte));
      const code = await codeOf(verifier.verify({ ...input, quote }));
      expect([at, code]).toEqual([
        at,
        await codeOf(createDcapVerifier().verify({ ...input, quote })),
      ]);
    }
    expect(await codeOf(verifier.verify(input))).toBe("accepted");
  });

  test("cannot be changed through results", async () => {
    const verifier = createDcapVerifier();
    const input = await inputOf(await createTestPlatform());
    const { pck, tcbDate } = await verifier.verify(input);
    (pck.sgxTcbComponents as number[]).fill(0);
    tcbDate.setTime(0);
    const again = await verifier.verify(input);
    expect(again.pck.sgxTcbComponents).toEqual([...TEST_CPU_SVN]);
    expect(again.tcbDate).toEqual(new Date("2026-02-01T00:00:00Z"));
  });
});
