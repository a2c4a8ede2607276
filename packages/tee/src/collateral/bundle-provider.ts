import { readAmdChain, readAmdCrl, readVcekFacts, vekKeyOf } from "./amd-facts.ts";
import type { BundledDcapCollateral, CollateralBundle } from "./bundle.ts";
import { readDcapFacts } from "./dcap-facts.ts";
import { type Dated, latestInForce } from "./in-force.ts";
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
  /** Only to choose among several answers. */
  readonly now?: () => Date;
}

/**
 * Answers from a bundle, without a network; of several answers to one request the latest that is
 * valid now counts, or the latest if none is: the verifier refuses it by its name. Throws
 * `COLLATERAL_UNAVAILABLE` for an item that is not what it should be.
 */
export function createBundleProvider(options: BundleProviderOptions): CollateralProvider {
  const { bundle, now = () => new Date() } = options;
  const collaterals = indexDcap(bundle);
  const veks = indexVeks(bundle);
  const crls = indexCrls(bundle);
  return {
    async getDcapCollateral(request, signal) {
      signal?.throwIfAborted();
      return await Promise.resolve(
        found(collaterals.get(dcapKey(exactDcapRequest(request))), now()),
      );
    },
    async getAmdCertificates(request, signal) {
      signal?.throwIfAborted();
      const { vek, chain } = found(veks.get(vcekKey(exactAmdRequest(request))), now());
      return await Promise.resolve({ vek: vek.slice(), chain });
    },
    async getAmdCrl(product, key, signal) {
      signal?.throwIfAborted();
      checkAmdProduct(product);
      checkAmdKey(key);
      return await Promise.resolve(found(crls.get(crlKey(product, key)), now()).slice());
    },
  };
}

function found<T>(items: readonly Dated<T>[] = [], now: Date): T {
  const value = latestInForce(items, now);
  if (value === undefined) throw unavailable("unknown", "the bundle has no such collateral");
  return value;
}

type Index<T> = ReadonlyMap<string, readonly Dated<T>[]>;

function indexOf<T>(items: readonly (Dated<T> & { readonly key: string })[]): Index<T> {
  const map = new Map<string, Dated<T>[]>();
  for (const item of items) map.set(item.key, [...(map.get(item.key) ?? []), item]);
  return map;
}

function indexDcap({ dcap }: CollateralBundle): Index<BundledDcapCollateral> {
  return indexOf(
    dcap.map(({ update = "standard", ...value }) => {
      const { from, until, ...facts } = readDcapFacts(value);
      const issued = facts.tcbInfo.issueDate;
      return { key: dcapKey({ ...facts, update }), value, from, until, issued };
    }),
  );
}

interface BundledVek {
  readonly vek: Uint8Array;
  readonly chain: string;
}

/** VLEKs are not asked for: they come with their evidence. */
function indexVeks({ veks, chains }: CollateralBundle): Index<BundledVek> {
  const issuers = new Map(
    chains.map((pem) => {
      const { product, key } = readAmdChain(pem);
      return [crlKey(product, key), pem];
    }),
  );
  const vceks = veks.filter((vek) => vekKeyOf(vek) !== "vlek");
  return indexOf(
    vceks.map((vek) => {
      const facts = readVcekFacts(vek);
      const { notBefore, notAfter } = facts.certificate;
      const chain = issuers.get(crlKey(facts.product, "vcek"));
      if (chain === undefined) throw unavailable("malformed", "the bundle lacks a vcek's chain");
      const value = { vek: vek.slice(), chain };
      return { key: vcekKey(facts), value, from: notBefore.getTime(), until: notAfter.getTime() };
    }),
  );
}

function indexCrls({ crls }: CollateralBundle): Index<Uint8Array> {
  return indexOf(
    crls.map(({ product, key, crl }) => {
      const { from, until, ...facts } = readAmdCrl(crl);
      if (facts.product !== product) throw unavailable("malformed", "a crl of another product");
      return { key: crlKey(product, key), value: crl.slice(), from, until };
    }),
  );
}
