import { createHash } from "node:crypto";
import type { AppraisalViolation, SoftwareIdentity, TcbStatus } from "@carrara/attestation";
import { equalBytes } from "@carrara/encoding";
import { matchPackage, type Package } from "@carrara/manifest";
import { CoordinatorError } from "../error.ts";

/** Statuses that are fine beside `UpToDate` when a package lists none (section 3.4). */
const DEFAULT_TCB_STATUSES: readonly string[] = ["SWHardeningNeeded"];

/** The part of verified evidence that the policy looks at. */
export interface QuoteClaims {
  readonly identity: SoftwareIdentity;
  /** Undefined for SEV-SNP: AMD publishes no status of its platforms. */
  readonly status: TcbStatus | undefined;
  readonly advisoryIds: readonly string[];
  /** What the launch of a virtual machine left open to its host. */
  readonly exposure: readonly AppraisalViolation[];
}

/**
 * Appraises genuine evidence against a package and the TLS client certificate it came with (section
 * 3.4). Throws `QUOTE_TCB_STATUS`, `QUOTE_ADVISORY`, `QUOTE_REPORT_DATA`, `QUOTE_EXPOSED`, and the
 * `PACKAGE_…` code of the first property that differs.
 */
export function requireAcceptedQuote(
  quote: QuoteClaims,
  pkg: Package,
  peerCertificate: Uint8Array,
): void {
  requireTcbStatus(quote, pkg);
  requireAdvisories(quote, pkg);
  const expected = createHash("sha256").update(peerCertificate).digest();
  if (!equalBytes(quote.identity.reportData.subarray(0, 32), expected)) {
    throw new CoordinatorError(
      "QUOTE_REPORT_DATA",
      "the quote is over another key than the tls client certificate",
    );
  }
  const [open] = quote.exposure;
  if (open !== undefined) {
    throw new CoordinatorError("QUOTE_EXPOSED", `${open.code}: ${open.message}`);
  }
  requirePackage(quote, pkg);
}

function requireTcbStatus({ status }: QuoteClaims, { acceptedTcbStatuses }: Package): void {
  const accepted = acceptedTcbStatuses.length > 0 ? acceptedTcbStatuses : DEFAULT_TCB_STATUSES;
  if (status === undefined || status === "UpToDate" || accepted.includes(status)) return;
  throw new CoordinatorError(
    "QUOTE_TCB_STATUS",
    `tcb status is ${status}, accepted are UpToDate, ${accepted.join(", ")}`,
  );
}

function requireAdvisories({ status, advisoryIds }: QuoteClaims, pkg: Package): void {
  if (status !== "SWHardeningNeeded" || pkg.acceptedAdvisories.length === 0) return;
  const accepted = new Set(pkg.acceptedAdvisories.map((id) => id.toLowerCase()));
  const refused = advisoryIds.filter((id) => !accepted.has(id.toLowerCase()));
  if (refused.length > 0) {
    throw new CoordinatorError("QUOTE_ADVISORY", `advisories ${refused.join(", ")} not accepted`);
  }
}

function requirePackage({ identity }: QuoteClaims, pkg: Package): void {
  const { debug, uniqueId, signer } = identity;
  const mismatch = matchPackage(pkg, {
    debug,
    uniqueId,
    signer: signer && {
      id: signer.signerId,
      productId: BigInt(signer.productId),
      securityVersion: signer.securityVersion,
    },
  });
  if (mismatch !== undefined) {
    throw new CoordinatorError(mismatch.code, mismatch.message);
  }
}
