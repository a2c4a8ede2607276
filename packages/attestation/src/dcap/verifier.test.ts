import { fromHex } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import { createTestPlatform } from "../testing/test-platform.ts";
import { codeOf, inputOf, REPORT_DATA } from "../testing/verify-code.ts";
import type { DcapCollateral } from "./collateral.ts";
import { parseQuote } from "./quote.ts";
import { requireSgx, type VerifiedSgxQuote } from "./verified-quote.ts";
import { createDcapVerifier, type DcapVerification } from "./verifier.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

async function verify(input: DcapVerification): Promise<VerifiedSgxQuote> {
  return requireSgx(await createDcapVerifier().verify(input));
}

describe("a good platform", () => {
  test("verifies, and says what it is", async () => {
    const platform = await createTestPlatform();
    const verified = await verify(await inputOf(platform));
    expect(verified).toMatchObject({
      assurance: "simulation",
      trustAnchor: { kind: "simulation", name: "SIMULATION SGX Root CA" },
      status: "UpToDate",
      advisoryIds: [],
      tcbEvaluationDataNumber: 17,
      platformStatus: "UpToDate",
      qeStatus: "UpToDate",
      trailingBytes: 0,
      pck: { fmspc: "53494d000000", pceId: "0000", pceSvn: 13, cpuSvnDiffers: false },
    });
    expect(verified.tcbDate).toEqual(new Date("2026-02-01T00:00:00Z"));
    expect(verified.verifiedAt).toEqual(platform.now);
    expect(verified.collateral.earliestExpiry).toEqual(
      new Date(platform.now.getTime() + 7 * DAY_MS),
    );
    expect(verified.body.mrEnclave).toEqual(new Uint8Array(32).fill(0xaa));
    expect(verified.body).toMatchObject({ isvProdId: 7, isvSvn: 3, debug: false });
    expect(verified.body.reportData.subarray(0, REPORT_DATA.length)).toEqual(REPORT_DATA);
  });

  test("reports debug enclaves as genuine: whether they are welcome is for a policy", async () => {
    const platform = await createTestPlatform();
    const attributes = fromHex("07000000000000000300000000000000");
    const verified = await verify(await inputOf(platform, { body: { attributes } }));
    expect(verified.body.debug).toBe(true);
  });

  test.each([0, 1, 32, 100, 1024])("verifies with %i bytes of QE auth data", async (length) => {
    const platform = await createTestPlatform();
    const input = await inputOf(platform, { qeAuthData: new Uint8Array(length).fill(7) });
    expect((await verify(input)).status).toBe("UpToDate");
  });

  test("counts trailing bytes and ignores them", async () => {
    const input = await inputOf(await createTestPlatform());
    const quote = new Uint8Array([...input.quote, 1, 2, 3]);
    expect(await verify({ ...input, quote })).toMatchObject({ trailingBytes: 3 });
  });

  test("takes the chain of the collateral when the quote has none, and requires one leaf", async () => {
    const platform = await createTestPlatform();
    const other = await createTestPlatform();
    const input = await inputOf(platform);
    const { collateral } = input;
    const bare = withoutChain(input.quote);
    const withChain = (pckCertChain: string): DcapCollateral => ({ ...collateral, pckCertChain });
    expect(await codeOf(verify({ ...input, quote: bare }))).toBe("PCK_CERT_UNAVAILABLE");
    expect(await codeOf(verify({ ...input, quote: bare, collateral: withChain("") }))).toBe(
      "PCK_CERT_UNAVAILABLE",
    );
    const own = withChain(platform.pckChainPem);
    expect(await codeOf(verify({ ...input, quote: bare, collateral: own }))).toBe("accepted");
    expect(await codeOf(verify({ ...input, collateral: own }))).toBe("accepted");
    const spaced = withChain(`\n${platform.pckChainPem}\n`);
    expect(await codeOf(verify({ ...input, collateral: spaced }))).toBe("accepted");
    const foreign = withChain(other.pckChainPem);
    expect(await codeOf(verify({ ...input, collateral: foreign }))).toBe("CERT_CHAIN_INVALID");
  });
});

/** The quote with certification data of type 1 in place of the chain. */
function withoutChain(quote: Uint8Array): Uint8Array {
  const { certData } = parseQuote(quote);
  const start = certData.byteOffset - quote.byteOffset - 6;
  const bytes = new Uint8Array(start + 6 + 36);
  bytes.set(quote.subarray(0, start));
  const view = new DataView(bytes.buffer);
  view.setUint32(432, start + 42 - 436, true);
  view.setUint16(start, 1, true);
  view.setUint32(start + 2, 36, true);
  return bytes;
}

describe("statuses converge", () => {
  test("an old quoting enclave makes an up-to-date platform out of date", async () => {
    const input = await inputOf(await createTestPlatform(), { qeReport: { isvSvn: 6 } });
    expect(await verify(input)).toMatchObject({
      status: "OutOfDate",
      platformStatus: "UpToDate",
      qeStatus: "OutOfDate",
      advisoryIds: ["INTEL-SA-00002"],
      tcbDate: new Date("2019-03-01T00:00:00Z"),
    });
  });

  test("levels are taken best first, in whatever order they are written", async () => {
    const platform = await createTestPlatform({
      tcbInfo: (good) => ({ ...good, levels: good.levels.toReversed() }),
      qeIdentity: (good) => ({ ...good, levels: good.levels.toReversed() }),
    });
    expect(await verify(await inputOf(platform))).toMatchObject({ status: "UpToDate" });
  });

  test("a platform below the best level gets the next, with its advisories", async () => {
    const platform = await createTestPlatform({ pck: { pceSvn: 12 } });
    expect(await verify(await inputOf(platform))).toMatchObject({
      status: "OutOfDate",
      advisoryIds: ["INTEL-SA-00001"],
    });
  });
});
