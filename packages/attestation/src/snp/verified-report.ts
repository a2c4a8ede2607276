import type { Verified } from "../assurance.ts";
import type { Assurance } from "../trust-anchor.ts";
import type { SnpProduct } from "./product.ts";
import type { SnpReport } from "./report.ts";
import type { SnpTcb } from "./tcb.ts";
import type { VekInfo, VekKind } from "./vek-extensions.ts";

/** Fields of a report whose meaning depends on the product. */
type ProductField = "currentTcb" | "reportedTcb" | "committedTcb" | "launchTcb" | "product";

/** What a report says, security versions read in the byte order of its product. */
export interface SnpClaims extends Omit<SnpReport, ProductField> {
  readonly product: SnpProduct;
  /** What runs now. */
  readonly currentTcb: SnpTcb;
  /** What the platform's owner shows; the VEK is for this one. */
  readonly reportedTcb: SnpTcb;
  /** What the platform cannot go back behind. */
  readonly committedTcb: SnpTcb;
  /** What ran when the guest was launched. */
  readonly launchTcb: SnpTcb;
}

/**
 * Things to know about genuine evidence: the firmware can be rolled back (`PROVISIONAL_FIRMWARE`),
 * COMMITTED or REPORTED is above CURRENT (`TCB_INCONSISTENT`), the version is newer than the layout
 * that was read (`UNKNOWN_REPORT_VERSION`).
 */
export type SnpWarning = "PROVISIONAL_FIRMWARE" | "TCB_INCONSISTENT" | "UNKNOWN_REPORT_VERSION";

/** What every verified versioned key has. */
export interface VekClaims {
  readonly product: SnpProduct;
  readonly signingKey: VekKind;
  readonly vek: VekInfo;
  readonly trustAnchor: {
    readonly kind: Assurance;
    readonly name: string;
    /** Lower-case hex. */
    readonly spkiSha256: string;
  };
  /** Whether a revocation list of the root was given; one that was is good and fresh. */
  readonly crlChecked: boolean;
  /** The time that the verification was made for. */
  readonly verifiedAt: Date;
  /** From when and until when all certificates, and the revocation list, hold. */
  readonly validFrom: Date;
  readonly validUntil: Date;
}

/** A versioned key that verified, without a report. */
export type VerifiedVek = Verified<VekClaims>;

/** A report that verified. Whether it is welcome is for a policy to say; there is no TCB status. */
export type VerifiedSnpReport = Verified<
  VekClaims & {
    readonly tee: "snp";
    readonly claims: SnpClaims;
    readonly warnings: readonly SnpWarning[];
  }
>;
