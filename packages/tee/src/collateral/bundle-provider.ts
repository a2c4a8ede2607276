import type { SnpProduct } from "@carrara/attestation";
import { readAmdChain, readAmdCrl, readVcekFacts } from "./amd-facts.ts";
import type { BundledDcapCollateral, CollateralBundle } from "./bundle.ts";
import { type DcapFacts, readDcapFacts } from "./dcap-facts.ts";
import type { CollateralProvider } from "./provider.ts";
import { unavailable } from "./refusal.ts";
import {
  checkAmdKey,
  checkAmdProduct,
  crlKey,
  dcapKey,
  exactAmdRequest,
  exactDcapRequest,
  vcekKey,
} from "./request.ts";

/** Dependencies of {@link createBundleProvider}. */
export interface BundleProviderOptions {
  readonly bundle: CollateralBundle;
}

interface Dated<T> {
  readonly value: T;
  /** Milliseconds since 1970. */
  readonly issued: number;
}

/**
 * Answers from a bundle, without a network; of several answers to one request the latest counts.
 * Throws `COLLATERAL_UNAVAILABLE` for an item that is not what it should be. What has expired is
 * handed out: the verifier refuses it by its name.
 */
export function createBundleProvider({ bundle }: BundleProviderOptions): CollateralProvider {
  const collaterals = indexDcap(bundle);
  const chains = new Map(bundle.chains.map((pem) => [readAmdChain(pem).product, pem]));
  const veks = indexVeks(bundle, chains);
  const crls = indexCrls(bundle);
  return {
    async getDcapCollateral(request, signal) {
      signal?.throwIfAborted();
      return await Promise.resolve(
        found(collaterals.get(dcapKey(exactDcapRequest(request)))).value,
      );
    },
    async getAmdCertificates(request, signal) {
      signal?.throwIfAborted();
      const { vek, chain } = found(veks.get(vcekKey(exactAmdRequest(request))));
      return await Promise.resolve({ vek: vek.slice(), chain });
    },
    async getAmdCrl(product, key, signal) {
      signal?.throwIfAborted();
      checkAmdProduct(product);
      checkAmdKey(key);
      return await Promise.resolve(found(crls.get(crlKey(product, key))).value.slice());
    },
  };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw unavailable("unknown", "the bundle has no such collateral");
  return value;
}

/** Sets `value` unless what is there is later. */
function setLater<T>(map: Map<string, Dated<T>>, key: string, value: T, issued: number): void {
  const there = map.get(key);
  if (there === undefined || there.issued <= issued) map.set(key, { value, issued });
}

function indexDcap({ dcap }: CollateralBundle): Map<string, Dated<BundledDcapCollateral>> {
  const map = new Map<string, Dated<BundledDcapCollateral>>();
  for (const { update = "standard", ...collateral } of dcap) {
    const facts: DcapFacts = readDcapFacts(collateral);
    setLater(map, dcapKey({ ...facts, update }), collateral, facts.tcbInfo.issueDate);
  }
  return map;
}

interface BundledVek {
  readonly vek: Uint8Array;
  readonly chain: string;
}

function indexVeks(
  { veks }: CollateralBundle,
  chains: ReadonlyMap<SnpProduct, string>,
): Map<string, BundledVek> {
  return new Map(
    veks.map((vek) => {
      const facts = readVcekFacts(vek);
      const chain = chains.get(facts.product);
      if (chain === undefined) throw unavailable("malformed", "the bundle lacks a vcek's chain");
      return [vcekKey(facts), { vek: vek.slice(), chain }];
    }),
  );
}

function indexCrls({ crls }: CollateralBundle): Map<string, Dated<Uint8Array>> {
  const map = new Map<string, Dated<Uint8Array>>();
  for (const { product, key, crl } of crls) {
    const facts = readAmdCrl(crl);
    if (facts.product !== product) throw unavailable("malformed", "a crl of another product");
    setLater(map, crlKey(product, key), crl.slice(), facts.from);
  }
  return map;
}
