import { encodePem, fromHex, parsePem, toHex } from "@carrara/encoding";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createTestPlatform } from "../testing/test-platform.ts";
import { codeOf, inputOf, REPORT_DATA } from "../testing/verify-code.ts";
import { parseQuote } from "./quote.ts";
import { createDcapVerifier } from "./verifier.ts";

test("no flipped bit of a quote's signed or signing parts passes", async () => {
  const input = await inputOf(await createTestPlatform());
  const verifier = createDcapVerifier();
  // Up to the PCK chain, whose own signatures the next test flips.
  const end = input.quote.length - parseQuote(input.quote).certData.length;
  const bit = fc.tuple(fc.nat(end - 1), fc.nat(7));
  await fc.assert(
    fc.asyncProperty(bit, async ([offset, shift]) => {
      const quote = input.quote.slice();
      quote[offset] = (quote[offset] ?? 0) ^ (1 << shift);
      expect(await codeOf(verifier.verify({ ...input, quote }))).not.toBe("accepted");
    }),
    { numRuns: 300 },
  );
});

test("no flipped bit of a certificate or revocation list passes", async () => {
  const platform = await createTestPlatform();
  const input = await inputOf(platform);
  const verifier = createDcapVerifier();
  const blocks = parsePem(platform.pckChainPem).map(({ bytes }) => bytes);
  const flip = (bytes: Uint8Array, at: number): Uint8Array => {
    const out = bytes.slice();
    const offset = at % (8 * out.length);
    out[offset >> 3] = (out[offset >> 3] ?? 0) ^ (1 << (offset & 7));
    return out;
  };
  await fc.assert(
    // The third certificate only names the root; the anchor is what counts.
    fc.asyncProperty(fc.nat(3), fc.nat(), async (which, at) => {
      if (which >= 2) {
        const field = which === 2 ? "pckCrl" : "rootCaCrl";
        const crl = toHex(flip(fromHex(input.collateral[field]), at));
        const collateral = { ...input.collateral, [field]: crl };
        expect(await codeOf(verifier.verify({ ...input, collateral }))).toMatch(/^CRL_/);
        return;
      }
      const changed = blocks.map((bytes, i) => (i === which ? flip(bytes, at) : bytes));
      const pckChainPem = changed.map((bytes) => encodePem("CERTIFICATE", bytes)).join("");
      const quote = await platform.quote(REPORT_DATA, { pckChainPem });
      expect(await codeOf(verifier.verify({ ...input, quote }))).toMatch(/^CERT_/);
    }),
    { numRuns: 200 },
  );
});

test("any bytes give a coded refusal", async () => {
  const { collateral, anchor, now } = await createTestPlatform();
  const verifier = createDcapVerifier();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (quote) => {
      expect(await codeOf(verifier.verify({ quote, collateral, anchor, now }))).toMatch(/^QUOTE_/);
    }),
  );
});
