import type { Assurance } from "../trust-anchor.ts";
import type { PckInfo } from "./pck-certificate.ts";
import type { QuoteHeader } from "./quote-header.ts";
import type { SgxReportBody } from "./report-body.ts";
import type { TcbStatus } from "./tcb-status.ts";

/** When TCB info and QE identity were issued, and until when they, the CRLs and all certificates hold. */
export interface CollateralWindow {
  readonly earliestIssue: Date;
  readonly latestIssue: Date;
  readonly earliestExpiry: Date;
}

/** A quote that is genuine and fresh under its anchor. Whether it is welcome is for a policy to say. */
export interface VerifiedSgxQuote {
  readonly assurance: Assurance;
  readonly trustAnchor: {
    readonly kind: Assurance;
    readonly name: string;
    /** Lower-case hex. */
    readonly spkiSha256: string;
  };
  readonly status: TcbStatus;
  /** Sorted, each once. */
  readonly advisoryIds: readonly string[];
  /** The earliest of the levels that count. */
  readonly tcbDate: Date;
  readonly tcbEvaluationDataNumber: number;
  readonly platformStatus: TcbStatus;
  readonly qeStatus: TcbStatus;
  /** The time that the verification was made for. */
  readonly verifiedAt: Date;
  readonly collateral: CollateralWindow;
  readonly pck: PckInfo;
  readonly header: QuoteHeader;
  readonly body: SgxReportBody;
  readonly trailingBytes: number;
}
