import type { Package } from "./manifest.ts";

/** What genuine evidence says about an enclave. */
export interface EnclaveIdentity {
  readonly debug: boolean;
  /** MRENCLAVE or what another TEE has in its place, hex of either case. */
  readonly uniqueId: string;
  /** Undefined where the evidence proves no signer, as that of a TD. */
  readonly signer:
    | {
        /** MRSIGNER, hex of either case. */
        readonly id: string;
        /** ISVPRODID: the first 8 of its 16 bytes, little-endian. */
        readonly productId: bigint;
        /** ISVSVN. */
        readonly securityVersion: number;
      }
    | undefined;
}

/** Stands in messages for what the evidence does not say. */
const NOT_PROVEN = "not proven by the evidence";

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
  return matchSigner(pkg, had.signer);
}

function matchSigner(pkg: Package, had: EnclaveIdentity["signer"]): PackageMismatch | undefined {
  const { signerId, productId, securityVersion } = pkg;
  if (signerId !== "" && !(had !== undefined && sameHex(signerId, had.id))) {
    return mismatch("PACKAGE_SIGNER_ID", "signer id", had?.id ?? NOT_PROVEN, signerId);
  }
  if (productId !== undefined && productId !== had?.productId) {
    const found = had?.productId ?? NOT_PROVEN;
    return mismatch("PACKAGE_PRODUCT_ID", "product id", found, productId);
  }
  const version = had?.securityVersion;
  if (securityVersion !== undefined && !(version !== undefined && version >= securityVersion)) {
    const needed = `at least ${securityVersion}`;
    return mismatch("PACKAGE_SECURITY_VERSION", "security version", version ?? NOT_PROVEN, needed);
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
