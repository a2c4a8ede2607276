import {
  encodeQuote,
  encodeQuoteSigned,
  encodeSgxReportBody,
  encodeSnpReport,
  encodeTdReport,
  type QuoteAuth,
  type SnpCpuid,
} from "@carrara/attestation";

const USER_DATA = new TextEncoder().encode("EMULATED");
const MILAN: SnpCpuid = { family: 0x19, model: 0x01, stepping: 1 };

/** Nothing signed: emulated files are about reading, verification is tested elsewhere. */
const AUTH: QuoteAuth = {
  signature: new Uint8Array(64),
  attestationKey: new Uint8Array(64),
  qeReport: new Uint8Array(384),
  qeReportSignature: new Uint8Array(64),
  qeAuthData: new Uint8Array(32),
  pckChainPem: "",
};

/** A well-formed SGX quote of version 3 over 64 bytes. */
export function sampleSgxQuote(reportData: Uint8Array): Uint8Array {
  const body = encodeSgxReportBody({ reportData });
  return encodeQuote(encodeQuoteSigned({ version: 3, tee: "sgx" }, USER_DATA, body), AUTH);
}

/** A well-formed TDX quote over 64 bytes: of version 4, or of 5 with the newest report. */
export function sampleTdxQuote(reportData: Uint8Array, version: 4 | 5 = 4): Uint8Array {
  const report = version === 4 ? "1.0" : "1.5-extended";
  const form =
    version === 4 ? ({ version, tee: "tdx" } as const) : ({ version, tee: "tdx", report } as const);
  return encodeQuote(
    encodeQuoteSigned(form, USER_DATA, encodeTdReport(report, { reportData })),
    AUTH,
  );
}

/** A well-formed SNP report over 64 bytes: version 3, of a Milan processor. */
export function sampleSnpReport(reportData: Uint8Array, vmpl = 0): Uint8Array {
  return encodeSnpReport({ version: 3, reportData, vmpl, cpuid: MILAN });
}
