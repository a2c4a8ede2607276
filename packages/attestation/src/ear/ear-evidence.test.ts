import { fromHex } from "@carrara/encoding";
import { expect, test } from "vitest";
import { createDcapVerifier } from "../dcap/verifier.ts";
import { createTestPlatform } from "../testing/test-platform.ts";
import { createTestTdxPlatform, tdQuote } from "../testing/test-td.ts";
import { inputOf, REPORT_DATA } from "../testing/verify-code.ts";
import { earEvidenceOf } from "./ear-evidence.ts";

test("an enclave's evidence keeps assurance, status and debug", async () => {
  const platform = await createTestPlatform();
  const debug = { body: { attributes: fromHex("07000000000000000300000000000000") } };
  const verified = await createDcapVerifier().verify(await inputOf(platform, debug));
  expect(earEvidenceOf(verified)).toEqual({
    tee: "sgx",
    assurance: "simulation",
    status: "UpToDate",
    advisoryIds: [],
    debug: true,
  });
});

test("a td's evidence does so too", async () => {
  const platform = await createTestTdxPlatform();
  const input = await inputOf(platform, tdQuote({ version: 4 }, REPORT_DATA));
  expect(earEvidenceOf(await createDcapVerifier().verify(input))).toMatchObject({
    tee: "tdx",
    assurance: "simulation",
    status: "UpToDate",
    debug: false,
  });
});
