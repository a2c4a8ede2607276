import { encodePem } from "@carrara/encoding";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { codeOf } from "../testing/verify-code.ts";
import { CERT_TABLE_GUID, encodeCertTable } from "./cert-table.ts";
import {
  createTestSnpKeys,
  createTestSnpPlatform,
  type TestSnpPlatform,
} from "./testing/test-snp-platform.ts";
import { createSnpVerifier, type SnpVerification } from "./verifier.ts";

let platform: TestSnpPlatform;
let input: SnpVerification;

beforeAll(async () => {
  platform = await createTestSnpPlatform(await createTestSnpKeys());
  const { anchor, now } = platform;
  input = { report: await platform.report(), anchors: [anchor], now };
});

function pem(der: Uint8Array): string {
  return encodePem("CERTIFICATE", der);
}

/** The key's certificate and what `bend` makes of a part that is signed. */
const PARTS: readonly [
  string,
  () => Promise<Uint8Array>,
  (bytes: Uint8Array) => Partial<SnpVerification>,
][] = [
  [
    "the certificate of the ASK",
    async () => await Promise.resolve(platform.intermediate),
    (ask) => ({ vek: platform.vek, chain: pem(ask) + pem(platform.ark) }),
  ],
  [
    "the certificate of the ASK in a table",
    async () => await Promise.resolve(platform.intermediate),
    (ask) => ({ certTable: tableOf(platform.vek, ask) }),
  ],
  [
    "the key's certificate in a table",
    async () => await Promise.resolve(platform.vek),
    (vek) => ({ certTable: tableOf(vek, platform.intermediate) }),
  ],
  [
    "the revocation list",
    async () => await platform.crl([]),
    (crl) => ({ vek: platform.vek, chain: platform.chain, crl }),
  ],
];

function tableOf(vek: Uint8Array, ask: Uint8Array): Uint8Array {
  return encodeCertTable([
    { guid: CERT_TABLE_GUID.vcek, data: vek },
    { guid: CERT_TABLE_GUID.ask, data: ask },
    { guid: CERT_TABLE_GUID.ark, data: platform.ark },
  ]);
}

test.each(PARTS)("no flipped bit of %s verifies", async (_, part, bend) => {
  const good = await part();
  const verifier = createSnpVerifier();
  expect(await codeOf(verifier.verify({ ...input, ...bend(good) }))).toBe("accepted");
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * good.length - 1), async (bit) => {
      const damaged = good.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await codeOf(verifier.verify({ ...input, ...bend(damaged) }))).not.toBe("accepted");
    }),
    { numRuns: 100 },
  );
});

test.each(PARTS)("no truncation of %s verifies", async (_, part, bend) => {
  const good = await part();
  const verifier = createSnpVerifier();
  for (let length = 1; length < good.length; length += 11) {
    const code = await codeOf(verifier.verify({ ...input, ...bend(good.slice(0, length)) }));
    expect(code).toMatch(/^(?:VEK_|CRL_)/);
  }
});
