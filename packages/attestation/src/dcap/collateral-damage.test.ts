import fc from "fast-check";
import { expect, test } from "vitest";
import { createTestPlatform } from "../testing/test-platform.ts";
import { createTestTdxPlatform, tdQuote } from "../testing/test-td.ts";
import { codeOf, inputOf, REPORT_DATA } from "../testing/verify-code.ts";
import { createDcapVerifier, type DcapVerification } from "./verifier.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

async function inputs(): Promise<readonly (readonly [string, DcapVerification])[]> {
  const sgx = await inputOf(await createTestPlatform());
  const tdx = await inputOf(await createTestTdxPlatform(), tdQuote({ version: 4 }, REPORT_DATA));
  return [
    ["sgx", sgx],
    ["tdx", tdx],
  ];
}

const INPUTS = await inputs();
const BODIES = ["tcbInfo", "qeIdentity"] as const;

test.each(INPUTS.flatMap(([tee, input]) => BODIES.map((body) => [body, tee, input] as const)))(
  "no flipped bit of %s of %s verifies, its signature's included",
  async (body, _, input) => {
    const good = encoder.encode(input.collateral[body]);
    const verifier = createDcapVerifier();
    await fc.assert(
      fc.asyncProperty(fc.nat(8 * good.length - 1), async (bit) => {
        const damaged = good.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const text = decoder.decode(damaged);
        // Hex digits of the signature mean the same in either case.
        fc.pre(text.toLowerCase() !== decoder.decode(good).toLowerCase() || isSigned(text, good));
        const collateral = { ...input.collateral, [body]: text };
        expect(await codeOf(verifier.verify({ ...input, collateral }))).not.toBe("accepted");
      }),
      { numRuns: 150 },
    );
  },
);

/** Whether the difference is in what is signed, where the case of a letter counts. */
function isSigned(text: string, good: Uint8Array): boolean {
  const signed = text.lastIndexOf(',"signature":');
  return text.slice(0, signed) !== decoder.decode(good).slice(0, signed);
}

test.each(INPUTS.flatMap(([tee, input]) => BODIES.map((body) => [body, tee, input] as const)))(
  "no truncation of %s of %s verifies",
  async (body, _, input) => {
    const verifier = createDcapVerifier();
    const text = input.collateral[body];
    for (let length = 0; length < text.length; length += 7) {
      const collateral = { ...input.collateral, [body]: text.slice(0, length) };
      expect(await codeOf(verifier.verify({ ...input, collateral }))).toMatch(/_MALFORMED$/);
    }
  },
);
