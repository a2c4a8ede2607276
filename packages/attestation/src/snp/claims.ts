import { toHex } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import type { SnpProduct } from "./product.ts";
import type { FirmwareVersion, SnpReport } from "./report.ts";
import { componentsBelow, decodeSnpTcb, isSameTcb } from "./tcb.ts";
import type { VekChain } from "./vek-chain.ts";
import type { VekInfo } from "./vek-extensions.ts";
import type { SnpClaims, SnpWarning } from "./verified-report.ts";

/**
 * Step 6 of section 2.6: the processor (of the report, or in version 2 of the VEK), the VEK and the
 * root are of one product. Throws `SNP_PRODUCT_UNKNOWN`, `SNP_PRODUCT_MISMATCH`.
 */
export function productOfEvidence(report: SnpReport | undefined, chain: VekChain): SnpProduct {
  const named = chain.info.product;
  const product = report?.cpuid === undefined ? named : report.product;
  if (product === undefined) {
    throw new AttestationError("SNP_PRODUCT_UNKNOWN", "the processor is of no known product");
  }
  if (named !== product || chain.product !== product) {
    throw new AttestationError(
      "SNP_PRODUCT_MISMATCH",
      `processor is ${product}, key of ${named}, root of ${chain.product}`,
    );
  }
  return product;
}

/** The claims of `report`, read as `product` writes them. */
export function claimsOf(report: SnpReport, product: SnpProduct): SnpClaims {
  return {
    ...report,
    product,
    currentTcb: decodeSnpTcb(report.currentTcb, product),
    reportedTcb: decodeSnpTcb(report.reportedTcb, product),
    committedTcb: decodeSnpTcb(report.committedTcb, product),
    launchTcb: decodeSnpTcb(report.launchTcb, product),
  };
}

/**
 * Steps 7 and 8 of section 2.6: the VEK is for the reported firmware and for this chip. Throws
 * `VEK_TCB_MISMATCH`, `VEK_HWID_MISMATCH`.
 */
export function checkVekBinding(claims: SnpClaims, vek: VekInfo): void {
  if (!isSameTcb(claims.reportedTcb, vek.tcb)) {
    throw new AttestationError("VEK_TCB_MISMATCH", "key is for another tcb than the reported one");
  }
  // A VLEK is for a provider, not for a chip.
  if (vek.hwId === undefined) return;
  const chip = toHex(claims.chipId);
  const masked = claims.signerInfo.maskChipKey;
  // A short id fills the first bytes of CHIP_ID, the others are zero.
  const wanted = masked ? "" : vek.hwId;
  if (chip !== wanted.padEnd(chip.length, "0")) {
    throw new AttestationError("VEK_HWID_MISMATCH", "key is for another chip than the report's");
  }
}

/** Sanity of section 2.6, end: nothing here makes evidence less genuine. */
export function warningsOf(claims: SnpClaims): SnpWarning[] {
  const { currentTcb, committedTcb, reportedTcb } = claims;
  const warnings: SnpWarning[] = [];
  const isCommitted =
    isSameTcb(committedTcb, currentTcb) &&
    isSameVersion(claims.committedVersion, claims.currentVersion);
  if (!isCommitted) warnings.push("PROVISIONAL_FIRMWARE");
  const above = [committedTcb, reportedTcb].some((tcb) => componentsBelow(currentTcb, tcb).length);
  if (above) warnings.push("TCB_INCONSISTENT");
  if (claims.version > claims.layout) warnings.push("UNKNOWN_REPORT_VERSION");
  return warnings;
}

function isSameVersion(a: FirmwareVersion, b: FirmwareVersion): boolean {
  return a.major === b.major && a.minor === b.minor && a.build === b.build;
}
