import { createCaFetch } from "./ca-fetch.ts";
import { createDcapService, originOf } from "./dcap-service.ts";
import type { HttpOptions } from "./http-get.ts";
import { createPcsProvider, isIntelPcs } from "./pcs-provider.ts";
import type { DcapCollateralProvider } from "./provider.ts";

/** Dependencies of {@link createPccsProvider}. */
export interface PccsProviderOptions extends HttpOptions {
  /** Base URL, with or without the path of the API. */
  readonly url: string;
  /** 4 unless the path of `url` says 3, which knows only SGX. */
  readonly version?: 3 | 4;
  /** PEM of the CAs, and no others, that may have issued the service's certificate. Not with `fetch`. */
  readonly ca?: string;
}

/** Asks a PCCS (section 3.2). Keeps nothing. Throws TypeError for a bad URL. */
export function createPccsProvider(options: PccsProviderOptions): DcapCollateralProvider {
  const { url, ca, ...http } = options;
  const { origin, version: ofPath = 4 } = originOf(url);
  const version = options.version ?? ofPath;
  const rootCrl = `${origin}/sgx/certification/v${version}/rootcacrl`;
  if (ca === undefined) return createDcapService({ origin, version, rootCrl }, http);
  if (http.fetch !== undefined) throw new TypeError("ca is for the fetch that is made here");
  if (!origin.startsWith("https:")) throw new TypeError("a ca is only for https");
  const fetch = createCaFetch({ ca });
  return createDcapService({ origin, version, rootCrl }, { ...http, fetch });
}

/** Asks the service at `url` as what it is: Intel's PCS by its host, or else a PCCS. */
export function createDcapProviderFor(options: PccsProviderOptions): DcapCollateralProvider {
  if (!isIntelPcs(options.url)) return createPccsProvider(options);
  if (options.ca !== undefined) throw new TypeError("intel's service has a public certificate");
  return createPcsProvider(options);
}
