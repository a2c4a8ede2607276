import type { Package } from "./manifest.ts";

/** What genuine evidence says about an enclave. */
export interface EnclaveIdentity {
  readonly debug: boolean;
  /** MRENCLAVE, hex of either case. */
  readonly uniqueId: string;
  /** MRSIGNER, hex of either case. */
  readonly signerId: string;
  /** ISVPRODID: the first 8 of its 16 bytes, little-endian. */
  readonly productId: bigint;
  /** ISVSVN. */
  readonly securityVersion: number;
}

/** Which property of a package the enclave does not have. */
export type PackageMismatchCode =
  | "PACKAGE_DEBUG"
  | "PACKAGE_UNIQUE_ID"
  | "PACKAGE_SIGNER_ID"
  | "PACKAGE_PRODUCT_ID"
  | "PACKAGE_SECURITY_VERSION";

/** The first property that differs; `message` says what was had and needed. */
export interface PackageMismatch {
  readonly code: PackageMismatchCode;
  readonly message: string;
}

/**
 * Compares an enclave with the package it claims to be (spec marblerun section 3.4 item 4);
 * `undefined` means it matches. The debug flag always counts, unset properties do not.
 */
export function matchPackage(pkg: Package, had: EnclaveIdentity): PackageMismatch | undefined {
  if (pkg.debug !== had.debug) return mismatch("PACKAGE_DEBUG", "debug", had.debug, pkg.debug);
  if (pkg.uniqueId !== "" && !sameHex(pkg.uniqueId, had.uniqueId)) {
    return mismatch("PACKAGE_UNIQUE_ID", "unique id", had.uniqueId, pkg.uniqueId);
  }
  if (pkg.signerId !== "" && !sameHex(pkg.signerId, had.signerId)) {
    return mismatch("PACKAGE_SIGNER_ID", "signer id", had.signerId, pkg.signerId);
  }
  if (pkg.productId !== undefined && pkg.productId !== had.productId) {
    return mismatch("PACKAGE_PRODUCT_ID", "product id", had.productId, pkg.productId);
  }
  if (pkg.securityVersion !== undefined && !(had.securityVersion >= pkg.securityVersion)) {
    const needed = `at least ${pkg.securityVersion}`;
    return mismatch("PACKAGE_SECURITY_VERSION", "security version", had.securityVersion, needed);
  }
  return undefined;
}

function sameHex(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function mismatch(
  code: PackageMismatchCode,
  property: string,
  had: string | boolean | bigint | number,
  needed: string | boolean | bigint | number,
): PackageMismatch {
  return { code, message: `${property} is ${had}, needed ${needed}` };
}
