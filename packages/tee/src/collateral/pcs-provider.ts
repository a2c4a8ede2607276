import { createDcapService, originOf } from "./dcap-service.ts";
import type { HttpOptions } from "./http-get.ts";
import type { DcapCollateralProvider } from "./provider.ts";

const INTEL_PCS = "https://api.trustedservices.intel.com";
/** The root CRL is on another host than the rest. */
const INTEL_ROOT_CRL = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

/** Dependencies of {@link createPcsProvider}. */
export interface PcsProviderOptions extends HttpOptions {
  /** Base URL; Intel's unless set. */
  readonly url?: string;
  readonly rootCrlUrl?: string;
}

/** Asks Intel's PCS, version 4 (section 3.1). Keeps nothing. Throws TypeError for bad URLs. */
export function createPcsProvider(options: PcsProviderOptions = {}): DcapCollateralProvider {
  const { url = INTEL_PCS, rootCrlUrl: rootCrl = INTEL_ROOT_CRL } = options;
  originOf(rootCrl);
  return createDcapService({ origin: originOf(url).origin, version: 4, rootCrl }, options);
}

/** Whether `url` is on the host of Intel's own service. Throws TypeError for what is no URL. */
export function isIntelPcs(url: string): boolean {
  return new URL(url).hostname === new URL(INTEL_PCS).hostname;
}
