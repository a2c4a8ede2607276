import { fromHex } from "@carrara/encoding";
import {
  encodeQeIdentity,
  encodeTcbInfo,
  type QeIdentityText,
  type TcbInfoText,
} from "../dcap/collateral.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** CPUSVN of the test platform, equal to the components of its first TCB level. */
export const TEST_CPU_SVN: Uint8Array = fromHex("0b0b0202ff0100000000000000000000");

/** TCB info around `now` with one level that is up to date and one below it. */
export function tcbInfoText(now: Date, bend?: (good: TcbInfoText) => TcbInfoText): string {
  const good: TcbInfoText = {
    issueDate: new Date(now.getTime() - DAY_MS),
    nextUpdate: new Date(now.getTime() + 7 * DAY_MS),
    fmspc: "53494D000000",
    pceId: "0000",
    evaluationDataNumber: 17,
    levels: [
      {
        components: [...TEST_CPU_SVN],
        pceSvn: 13,
        date: new Date("2026-02-01T00:00:00Z"),
        status: "UpToDate",
      },
      {
        components: new Array<number>(16).fill(0),
        pceSvn: 5,
        date: new Date("2020-02-01T00:00:00Z"),
        status: "OutOfDate",
        advisoryIds: ["INTEL-SA-00001"],
      },
    ],
  };
  return encodeTcbInfo(bend?.(good) ?? good);
}

/** QE identity around `now` that fits the test platform's quoting enclave. */
export function qeIdentityText(now: Date, bend?: (good: QeIdentityText) => QeIdentityText): string {
  const good: QeIdentityText = {
    issueDate: new Date(now.getTime() - DAY_MS),
    nextUpdate: new Date(now.getTime() + 8 * DAY_MS),
    evaluationDataNumber: 18,
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrSigner: "51".repeat(32),
    isvProdId: 1,
    levels: [
      { isvSvn: 8, date: new Date("2026-03-01T00:00:00Z"), status: "UpToDate" },
      {
        isvSvn: 5,
        date: new Date("2019-03-01T00:00:00Z"),
        status: "OutOfDate",
        advisoryIds: ["INTEL-SA-00002"],
      },
    ],
  };
  return encodeQeIdentity(bend?.(good) ?? good);
}
