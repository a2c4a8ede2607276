import type { QuoteForm, TdReportVersion, TeeKind } from "@carrara/attestation";
import { concatBytes } from "@carrara/encoding";
import type { EnclaveIdentity } from "../image/verify-image.ts";
import type { AmdCredentials } from "./amd-credentials.ts";
import { certTableFor } from "./amd-endorsements.ts";
import type { PlatformCredentials } from "./platform-credentials.ts";
import { issueQuote, type QuoteOrder, type QuotingTee } from "./quoting-enclave.ts";
import { sgxReportBody, tdReport } from "./report-bodies.ts";
import type { PlatformScenario } from "./scenario.ts";
import { snpReportFor } from "./snp-report.ts";
import type { SimulatedVendor } from "./vendor.ts";

/** Evidence over `reportData`, at most 64 bytes, zero-padded, for the enclave `identity`. */
export type IssueEvidence = (
  identity: EnclaveIdentity,
  reportData: Uint8Array,
) => Promise<Uint8Array>;

/** Which quote and which TD report a scenario wants. */
function formOf(
  tee: QuotingTee,
  { quoteVersion, tdReport: wanted }: PlatformScenario,
): { readonly form: QuoteForm; readonly report: TdReportVersion } {
  const version = quoteVersion ?? (tee === "sgx" ? 3 : 4);
  const report = wanted ?? (version === 5 ? "1.5" : "1.0");
  if (version === 4) return { form: { version, tee }, report };
  if (version === 5) {
    return { form: tee === "sgx" ? { version, tee } : { version, tee, report }, report };
  }
  if (tee === "sgx") return { form: { version, tee }, report };
  throw new TypeError("a td has no quote of version 3");
}

/**
 * A byte-exact quote as `scenario` wants it: of SGX version 3, of TDX version 4 unless it says. Throws
 * a TypeError for an identity without the measurements of `tee`.
 */
export function quoteFor(
  credentials: PlatformCredentials,
  tee: QuotingTee,
  scenario: PlatformScenario,
  identity: EnclaveIdentity,
  reportData: Uint8Array,
  bend: Partial<QuoteOrder> = {},
): Uint8Array {
  const { form, report } = formOf(tee, scenario);
  const body =
    tee === "sgx"
      ? sgxReportBody(identity, reportData)
      : tdReport(report, identity, scenario, reportData);
  return issueQuote(credentials, {
    form,
    body,
    qeAuthDataBytes: scenario.qeAuthDataBytes,
    ...bend,
  });
}

/** What evidence is made with. */
export interface EvidenceSources {
  readonly tee: TeeKind;
  readonly credentials: PlatformCredentials;
  readonly amd: AmdCredentials | undefined;
  /** As it is at the time of asking. */
  readonly vendor: () => SimulatedVendor;
}

/** Evidence of a platform, of SNP with the certificate table behind the report. */
export function createEvidenceIssuer(sources: EvidenceSources): IssueEvidence {
  const { tee, credentials, amd, vendor } = sources;
  return async (identity, reportData) => {
    const { scenario, amd: amdVendor } = vendor();
    if (tee !== "snp") return quoteFor(credentials, tee, scenario, identity, reportData);
    if (amd === undefined || amdVendor === undefined) throw new TypeError("no key to sign with");
    const report = snpReportFor(amd, scenario, identity, reportData);
    const { vek } = await amdVendor.endorsements();
    return concatBytes(report, certTableFor(amd, scenario, vek));
  };
}
