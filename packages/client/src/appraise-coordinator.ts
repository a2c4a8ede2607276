import type { AppraisalViolation, SoftwareIdentity, TcbStatus } from "@carrara/attestation";
import { concatBytes, equalBytes, toHex } from "@carrara/encoding";
import { ClientError } from "./error.ts";
import type { ExpectedIdentity } from "./expected-identity.ts";

/** TCB statuses that are accepted unless others are named (spec marblerun section 9.1). */
export const DEFAULT_ACCEPTED_TCB_STATUSES: readonly string[] = ["UpToDate", "SWHardeningNeeded"];

/** What verified evidence says of the platform. */
export interface PlatformStanding {
  /** Undefined for SEV-SNP. */
  readonly status: TcbStatus | undefined;
  readonly advisoryIds: readonly string[];
  /** What the launch of a virtual machine left open to its host. */
  readonly exposure: readonly AppraisalViolation[];
}

/** What is appraised. */
interface CoordinatorClaims extends PlatformStanding {
  readonly identity: SoftwareIdentity;
}

/** What the Coordinator's verified evidence has to say. */
export interface CoordinatorExpectations {
  /** Whether the person accepts any code where no identity is expected. */
  readonly insecure: boolean;
  readonly identity: ExpectedIdentity | undefined;
  /** UpToDate is accepted in any case. */
  readonly acceptedTcbStatuses: readonly string[];
  /** Empty accepts every advisory. */
  readonly acceptedAdvisories: readonly string[];
}

/**
 * Checks that the quote speaks of this Root certificate and nonce: report data is SHA-256 of both,
 * zero-padded to 64 bytes (section 1.6). Throws `EVIDENCE_OTHER_KEY`.
 */
export async function checkReportData(
  reportData: Uint8Array,
  rootDer: Uint8Array,
  nonce: Uint8Array,
): Promise<void> {
  const digest = await crypto.subtle.digest("SHA-256", concatBytes(rootDer, nonce));
  const expected = concatBytes(new Uint8Array(digest), new Uint8Array(32));
  if (!equalBytes(reportData, expected)) {
    throw new ClientError(
      "EVIDENCE_OTHER_KEY",
      "the evidence was made for another root certificate or nonce",
    );
  }
}

/**
 * Appraises verified evidence by the rules of section 9.1, in their order. Throws
 * `COORDINATOR_REFUSED` naming what was had and what was needed, and `IDENTITY_MISSING` where
 * nothing was expected: genuine hardware says nothing about the code in it.
 */
export function appraiseCoordinator(
  claims: CoordinatorClaims,
  expected: CoordinatorExpectations,
): void {
  if (expected.identity !== undefined) appraiseIdentity(claims.identity, expected.identity);
  else if (!expected.insecure) throw identityMissing(claims.identity);
  const [open] = claims.exposure;
  if (open !== undefined) refuse(`${open.code}: ${open.message}`);
  appraiseTcb(claims, expected);
}

function identityMissing({ uniqueId, signer }: SoftwareIdentity): ClientError {
  const signerText = signer === undefined ? "" : `, SignerID ${signer.signerId}`;
  return new ClientError(
    "IDENTITY_MISSING",
    `the evidence is genuine but nobody said which Coordinator is expected; it is UniqueID ${uniqueId}${signerText}; name it with --era-config`,
  );
}

function appraiseIdentity(had: SoftwareIdentity, identity: ExpectedIdentity): void {
  const { uniqueId, signerId, productId, securityVersion } = identity;
  if (uniqueId === undefined && (productId === 0 || securityVersion === 0)) {
    refuse("without UniqueID the expected ProductID and SecurityVersion must not be 0");
  }
  // A signer that the evidence does not prove has no product and no version either.
  const { signer } = had;
  if ((signer?.securityVersion ?? 0) < securityVersion) {
    refuse(
      `security version ${signer?.securityVersion ?? "unknown"}, at least ${securityVersion} needed`,
    );
  }
  if (productId !== 0 && signer?.productId !== productId) {
    refuse(`product id ${signer?.productId ?? "unknown"}, ${productId} needed`);
  }
  if (had.debug && !identity.debug) refuse("debug enclave: its memory can be read");
  requireEqual("UniqueID", had.uniqueId, uniqueId);
  requireEqual("SignerID", signer?.signerId ?? "not proven", signerId);
}

function requireEqual(name: string, had: string, needed: Uint8Array | undefined): void {
  if (needed !== undefined && had !== toHex(needed)) {
    refuse(`${name} ${had}, ${toHex(needed)} needed`);
  }
}

function appraiseTcb(claims: PlatformStanding, expected: CoordinatorExpectations): void {
  const { status, advisoryIds } = claims;
  if (
    status !== undefined &&
    status !== "UpToDate" &&
    !expected.acceptedTcbStatuses.includes(status)
  ) {
    refuse(`TCB status ${status}, accepted: ${expected.acceptedTcbStatuses.join(", ")}`);
  }
  if (expected.acceptedAdvisories.length === 0) return;
  const accepted = new Set(expected.acceptedAdvisories.map((id) => id.toUpperCase()));
  const open = advisoryIds.filter((id) => !accepted.has(id.toUpperCase()));
  if (open.length > 0) refuse(`advisories ${open.join(", ")} are not accepted`);
}

function refuse(detail: string): never {
  throw new ClientError(
    "COORDINATOR_REFUSED",
    `the Coordinator is not the expected one: ${detail}`,
  );
}
