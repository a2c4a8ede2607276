import type { SnpProduct } from "@carrara/attestation";
import { checkVcek, readAmdChain, readAmdCrl } from "./amd-facts.ts";
import { checkVcekIssuer } from "./authenticate.ts";
import { derOf, MAX_CHAIN_CHARACTERS, textOf } from "./body.ts";
import { originOf } from "./dcap-service.ts";
import { type HttpGet, type HttpOptions, withHttp } from "./http-get.ts";
import type { AmdCollateralProvider } from "./provider.ts";
import { unavailable } from "./refusal.ts";
import { checkAmdKey, checkAmdProduct, type ExactAmdRequest, exactAmdRequest } from "./request.ts";

const AMD_KDS = "https://kdsintf.amd.com";
/** Largest certificate in bytes; a VCEK has 1.4 KB. Hex doubles it. */
const MAX_CERTIFICATE_BYTES = 32 * 1024;
/** Largest CRL in bytes. */
const MAX_CRL_BYTES = 2 * 1024 * 1024 + 1024;
/** KDS bears about one request in ten seconds, so a line's chain is not asked for each time. */
const CHAIN_FOR_MS = 86_400_000;

/** Dependencies of {@link createKdsProvider}. */
export interface KdsProviderOptions extends HttpOptions {
  /** Base URL; AMD's unless set. */
  readonly url?: string;
}

interface KnownChain {
  readonly chain: string;
  readonly until: number;
}

/**
 * Asks AMD's KDS (section 3.3). Keeps a day long the chain of each line, which all chips share, and
 * nothing else. Throws TypeError for a bad URL.
 */
export function createKdsProvider(options: KdsProviderOptions = {}): AmdCollateralProvider {
  const { now = () => new Date() } = options;
  const { origin } = originOf(options.url ?? AMD_KDS);
  const chains = new Map<SnpProduct, KnownChain>();

  const chainOf = async (get: HttpGet, product: SnpProduct): Promise<string> => {
    const known = chains.get(product);
    if (known !== undefined && now().getTime() < known.until) return known.chain;
    const { body } = await get(`${origin}/vcek/v1/${product}/cert_chain`, MAX_CHAIN_CHARACTERS);
    const chain = textOf(body);
    const facts = readAmdChain(chain);
    if (facts.product === product && facts.key === "vcek") return chain;
    throw unavailable("malformed", "the service gave the chain of another product");
  };

  return {
    async getAmdCertificates(request, signal) {
      const exact = exactAmdRequest(request);
      return await withHttp(options, signal, async (get) => {
        const [vek, chain] = await Promise.all([
          getVcek(get, origin, exact),
          chainOf(get, exact.product),
        ]);
        const certificates = { vek, chain };
        try {
          await checkVcekIssuer(certificates);
        } catch (error) {
          // A chain that fits no chip must not be kept, or one bad answer would last a day.
          chains.delete(exact.product);
          throw error;
        }
        chains.set(exact.product, { chain, until: now().getTime() + CHAIN_FOR_MS });
        return certificates;
      });
    },
    async getAmdCrl(product, key, signal) {
      checkAmdProduct(product);
      checkAmdKey(key);
      return await withHttp(options, signal, async (get) => {
        const { body } = await get(`${origin}/${key}/v1/${product}/crl`, MAX_CRL_BYTES);
        const crl = derOf(body);
        if (readAmdCrl(crl).product === product) return crl;
        throw unavailable("malformed", "the service gave the crl of another product");
      });
    },
  };
}

async function getVcek(get: HttpGet, origin: string, exact: ExactAmdRequest): Promise<Uint8Array> {
  const { product, hwId, levels } = exact;
  // Two digits each, as in AMD's own example; KDS reads them as decimal.
  const query = levels.map(([name, level]) => `${name}=${String(level).padStart(2, "0")}`);
  const url = `${origin}/vcek/v1/${product}/${hwId}?${query.join("&")}`;
  const { body } = await get(url, MAX_CERTIFICATE_BYTES);
  const vek = derOf(body);
  checkVcek(vek, exact);
  return vek;
}
