import { fromHex } from "@carrara/encoding";
import type { QeIdentityText, TcbInfoText } from "../dcap/collateral.ts";
import { encodeTdReport, type TdReportFields, type TdReportVersion } from "../dcap/td-report.ts";
import { TEST_CPU_SVN } from "./test-endorsements.ts";
import {
  createTestPlatform,
  type TestPlatform,
  type TestPlatformOptions,
  type TestQuoteOptions,
} from "./test-platform.ts";

const ZERO_48 = "00".repeat(48);
/** Minor SVN 5 of module version 1, SEAM loader 3. */
export const TEST_TEE_TCB_SVN: Uint8Array = fromHex("05010300000000000000000000000000");

const MODULE = { mrSigner: ZERO_48, attributes: "00".repeat(8), attributesMask: "FF".repeat(8) };
const DATE = new Date("2026-02-01T00:00:00Z");

/** TCB info of a TDX platform: a level that is up to date, one that is not, modules 1 and 3. */
function tdxTcbInfo(good: TcbInfoText): TcbInfoText {
  return {
    ...good,
    tdx: {
      module: MODULE,
      identities: [
        {
          ...MODULE,
          id: "TDX_01",
          levels: [
            { isvSvn: 4, date: DATE, status: "UpToDate" },
            { isvSvn: 2, date: DATE, status: "OutOfDate", advisoryIds: ["INTEL-SA-00003"] },
            { isvSvn: 1, date: DATE, status: "Revoked" },
          ],
        },
        { ...MODULE, id: "TDX_03", levels: [{ isvSvn: 1, date: DATE, status: "UpToDate" }] },
      ],
    },
    levels: [
      {
        components: [...TEST_CPU_SVN],
        pceSvn: 13,
        tdxComponents: [5, 0, 3, ...new Array<number>(13).fill(0)],
        date: DATE,
        status: "UpToDate",
      },
      {
        components: [...TEST_CPU_SVN],
        pceSvn: 13,
        tdxComponents: [0, 0, 2, ...new Array<number>(13).fill(0)],
        date: new Date("2021-02-01T00:00:00Z"),
        status: "OutOfDate",
        advisoryIds: ["INTEL-SA-00001"],
      },
    ],
  };
}

function tdQeIdentity(good: QeIdentityText): QeIdentityText {
  return { ...good, id: "TD_QE", isvProdId: 2 };
}

/** A platform whose TDX evidence verifies, but for what `options` bend after that. */
export async function createTestTdxPlatform(
  options: TestPlatformOptions = {},
): Promise<TestPlatform> {
  return await createTestPlatform({
    ...options,
    tcbInfo: (good) => options.tcbInfo?.(tdxTcbInfo(good)) ?? tdxTcbInfo(good),
    qeIdentity: (good) => options.qeIdentity?.(tdQeIdentity(good)) ?? tdQeIdentity(good),
  });
}

/** Which quote a TD gives. */
export type TdForm =
  | { readonly version: 4 }
  | { readonly version: 5; readonly report: TdReportVersion };

/** Options of a quote over a good TD report, but for `fields`. */
export function tdQuote(
  form: TdForm,
  reportData: Uint8Array,
  fields: TdReportFields = {},
): TestQuoteOptions {
  const version = form.version === 4 ? "1.0" : form.report;
  const report = encodeTdReport(version, {
    teeTcbSvn: TEST_TEE_TCB_SVN,
    tdAttributes: fromHex("0000001000000000"),
    mrTd: new Uint8Array(48).fill(0xd0),
    rtMr0: new Uint8Array(48).fill(0xd1),
    reportData,
    ...(version === "1.0" ? {} : { teeTcbSvn2: TEST_TEE_TCB_SVN }),
    ...fields,
  });
  return { td: { form: { ...form, tee: "tdx" }, report }, qeReport: { isvProdId: 2 } };
}
