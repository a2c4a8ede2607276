import type { EndorsementRequest, Endorsements } from "@carrara/attestation";
import type { TeeError } from "../error.ts";
import type { PartialCollateralProvider } from "./provider.ts";
import { unavailable } from "./refusal.ts";

/**
 * Gets what evidence needs to be verified. What came with the evidence is taken as it is; AMD's
 * revocation list never does. Throws as the provider's methods do.
 */
export async function fetchEndorsements(
  provider: PartialCollateralProvider,
  request: EndorsementRequest,
  signal?: AbortSignal,
): Promise<Endorsements> {
  if (request.vendor === "intel") {
    const { fmspc, tee, ca } = request;
    const collateral = await provider.getDcapCollateral?.({ fmspc, tee, ca }, signal);
    if (collateral === undefined) throw unasked("intel");
    return { vendor: "intel", collateral };
  }
  const { product, key, hwId, tcb, carried } = request;
  const crl = await provider.getAmdCrl?.(product, key, signal);
  if (crl === undefined) throw unasked("amd");
  if (carried.vek !== undefined) return { vendor: "amd", ...carried, crl };
  if (key === "vlek")
    throw unavailable("unsupported", "a vlek comes with its evidence or not at all");
  const fetched = await provider.getAmdCertificates?.({ product, hwId, tcb }, signal);
  if (fetched === undefined) throw unasked("amd");
  return { vendor: "amd", ...fetched, crl };
}

function unasked(vendor: string): TeeError {
  return unavailable("unsupported", `there is no source of endorsements of ${vendor}`);
}
