import { goNullable, readGoJson } from "./go-json.ts";
import type { GoJsonValue } from "./go-json-encode.ts";
import { type Package, packageDecoder } from "./manifest.ts";

/** The JSON form of a package as a Coordinator stores it (spec marblerun section 8.3). */
export function packageJson(pkg: Package): GoJsonValue {
  return {
    Debug: pkg.debug,
    UniqueID: pkg.uniqueId,
    SignerID: pkg.signerId,
    ProductID: pkg.productId ?? null,
    SecurityVersion: pkg.securityVersion ?? null,
    AcceptedTCBStatuses: pkg.acceptedTcbStatuses,
    AcceptedAdvisories: pkg.acceptedAdvisories,
  };
}

/** Reads {@link packageJson}'s form. Throws the `JSON_…` codes. */
export function parsePackage(bytes: Uint8Array): Package {
  return readGoJson(bytes, goNullable(packageDecoder), "whole") ?? packageDecoder.zero;
}
