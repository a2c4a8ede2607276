import type { Package } from "@carrara/manifest";
import type { QuoteClaims } from "../core/quote-policy.ts";
import type { SealPolicy } from "../store/sealing.ts";

/**
 * What another Coordinator has to be to exchange the shared key with one of `own` claims (section
 * 8.6): same debug flag, signer and product, not an older version, and a platform that is up to date or
 * in the state of our own. With the policy `unique`, and where nobody signed the software, it has to be
 * the very same build.
 */
export function peerPackage({ identity, status }: QuoteClaims, policy: SealPolicy): Package {
  const { debug, uniqueId, signer } = identity;
  return {
    debug,
    uniqueId: policy === "unique" || signer === undefined ? uniqueId : "",
    signerId: signer?.signerId ?? "",
    productId: signer === undefined ? undefined : BigInt(signer.productId),
    securityVersion: signer?.securityVersion,
    acceptedTcbStatuses: ["UpToDate", ...(status === undefined ? [] : [status])],
    acceptedAdvisories: [],
  };
}
