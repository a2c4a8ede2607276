import type { SnpProduct } from "@carrara/attestation";
import { fromHex } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import { checkVcek, readAmdChain, readAmdCrl } from "./amd-facts.ts";
import { EMPTY_BUNDLE } from "./bundle.ts";
import { type CacheDeps, checkUsable, only, restoreCopy, saveCopy } from "./cache-deps.ts";
import { createKeptAnswers, type Kept } from "./kept-answers.ts";
import type { AmdCertificates, AmdCollateralProvider } from "./provider.ts";
import { unavailable } from "./refusal.ts";
import { renewalTime } from "./renewal.ts";
import {
  checkAmdKey,
  checkAmdProduct,
  crlKey,
  type ExactAmdRequest,
  exactAmdRequest,
  vcekKey,
} from "./request.ts";

/** Chips whose certificates are in memory, about 10 KB each. */
const CHIP_CAPACITY = 512;
/** Three products with two CRLs each. */
const CRL_CAPACITY = 6;
const SERVICE = "amd";

/** The AMD half of the cache. */
export function createAmdCache(deps: CacheDeps): AmdCollateralProvider {
  return { ...createVcekCache(deps), ...createCrlCache(deps) };
}

function createVcekCache(deps: CacheDeps): Pick<AmdCollateralProvider, "getAmdCertificates"> {
  const { source, authenticator, now } = deps;
  const answers = createKeptAnswers<AmdCertificates>({
    ...deps,
    capacity: CHIP_CAPACITY,
    service: SERVICE,
  });

  const check = async (
    request: ExactAmdRequest,
    value: AmdCertificates,
  ): Promise<Kept<AmdCertificates>> => {
    checkVcek(value.vek, request);
    const { issuer, root } = readAmdChain(value.chain);
    const ends = [parseCertificate(value.vek), issuer, root].map(({ notAfter }) =>
      notAfter.getTime(),
    );
    const usableUntil = Math.min(...ends);
    checkUsable(usableUntil, now());
    await authenticator.checkAmdCertificates(value);
    // A VCEK of one chip at one TCB never changes.
    return { value, usableUntil, renewAt: Number.POSITIVE_INFINITY };
  };

  return {
    async getAmdCertificates(request, signal) {
      const exact = exactAmdRequest(request);
      const key = vcekKey(exact);
      const load = async (limit: AbortSignal): Promise<Kept<AmdCertificates>> => {
        const { product, hwId, tcb } = exact;
        const asked = source.getAmdCertificates?.({ product, hwId: fromHex(hwId), tcb }, limit);
        if (asked === undefined) throw unavailable("unsupported", "the source has no vceks");
        const { vek, chain } = await asked;
        const kept = await check(exact, { vek: vek.slice(), chain });
        await saveCopy(deps, key, { ...EMPTY_BUNDLE, veks: [vek], chains: [chain] });
        return kept;
      };
      const restore = async (): Promise<Kept<AmdCertificates> | undefined> =>
        await restoreCopy(
          deps,
          key,
          async ({ veks, chains }) => await check(exact, { vek: only(veks), chain: only(chains) }),
        );
      const { vek, chain } = await answers.get(key, { load, restore }, signal);
      return { vek: vek.slice(), chain };
    },
  };
}

function createCrlCache(deps: CacheDeps): Pick<AmdCollateralProvider, "getAmdCrl"> {
  const { source, authenticator, now } = deps;
  const answers = createKeptAnswers<Uint8Array>({
    ...deps,
    capacity: CRL_CAPACITY,
    service: SERVICE,
  });

  const check = async (product: SnpProduct, value: Uint8Array): Promise<Kept<Uint8Array>> => {
    const facts = readAmdCrl(value);
    if (facts.product !== product) throw unavailable("malformed", "the crl is of another product");
    checkUsable(facts.until, now());
    await authenticator.checkAmdCrl(value);
    const renewAt = renewalTime(now().getTime(), facts.from, facts.until);
    return { value, usableUntil: facts.until, renewAt };
  };

  return {
    async getAmdCrl(product, key, signal) {
      checkAmdProduct(product);
      checkAmdKey(key);
      const name = crlKey(product, key);
      const load = async (limit: AbortSignal): Promise<Kept<Uint8Array>> => {
        const asked = source.getAmdCrl?.(product, key, limit);
        if (asked === undefined) throw unavailable("unsupported", "the source has no amd crls");
        const crl = (await asked).slice();
        const kept = await check(product, crl);
        await saveCopy(deps, name, { ...EMPTY_BUNDLE, crls: [{ product, key, crl }] });
        return kept;
      };
      const restore = async (): Promise<Kept<Uint8Array> | undefined> =>
        await restoreCopy(deps, name, async ({ crls }) => {
          const copy = only(crls);
          if (copy.key !== key) throw unavailable("malformed", "a copy of another crl");
          return { ...(await check(product, copy.crl)), renewAt: 0 };
        });
      return (await answers.get(name, { load, restore }, signal)).slice();
    },
  };
}
