import type { Verified } from "../assurance.ts";
import { AttestationError } from "../error.ts";
import type { Assurance } from "../trust-anchor.ts";
import type { PckInfo } from "./pck-certificate.ts";
import type { QuoteHeader } from "./quote-header.ts";
import type { SgxReportBody } from "./report-body.ts";
import type { QuoteTcb } from "./tcb-evaluation.ts";
import type { LevelStatus } from "./tcb-status.ts";
import type { TdReport } from "./td-report.ts";

/** When what vouches for a quote was issued and ends. */
export interface CollateralWindow {
  /** Of TCB info and QE identity, which Intel dates; so are the next two. */
  readonly earliestIssue: Date;
  readonly latestIssue: Date;
  readonly earliestExpiry: Date;
  /** Until when everything holds, CRLs and certificates included. */
  readonly validUntil: Date;
}

/** What every quote says that is genuine and fresh under its anchor. */
export interface QuoteClaims extends QuoteTcb {
  readonly trustAnchor: {
    readonly kind: Assurance;
    readonly name: string;
    /** Lower-case hex. */
    readonly spkiSha256: string;
  };
  readonly tcbEvaluationDataNumber: number;
  readonly qeStatus: LevelStatus;
  /** The time that the verification was made for. */
  readonly verifiedAt: Date;
  readonly collateral: CollateralWindow;
  readonly pck: PckInfo;
  readonly header: QuoteHeader;
  readonly trailingBytes: number;
}

/** An SGX quote that verified. Whether it is welcome is for a policy to say. */
export type VerifiedSgxQuote = Verified<
  QuoteClaims & { readonly tee: "sgx"; readonly body: SgxReportBody }
>;

/** A TDX quote that verified. Whether it is welcome is for a policy to say. */
export type VerifiedTdxQuote = Verified<
  QuoteClaims & { readonly tee: "tdx"; readonly body: TdReport }
>;

/** A quote that verified; `tee` says of what. */
export type VerifiedQuote = VerifiedSgxQuote | VerifiedTdxQuote;

/** The SGX quote that a caller needs. Throws `QUOTE_UNSUPPORTED_TEE_TYPE` for another. */
export function requireSgx(verified: VerifiedQuote): VerifiedSgxQuote {
  if (verified.tee === "sgx") return verified;
  throw new AttestationError("QUOTE_UNSUPPORTED_TEE_TYPE", "the quote is of a td, sgx needed");
}
