import type { CollateralProvider, PartialCollateralProvider } from "./provider.ts";
import { type CollateralRefusal, collateralRefusalOf, unavailable } from "./refusal.ts";

/** Dependencies of {@link createChainedProvider}. */
export interface ChainedProviderOptions {
  /** Asked in this order, until one answers. */
  readonly sources: readonly PartialCollateralProvider[];
}

/**
 * Asks one source after the other. When none answers, the refusal is that of the source worth asking
 * again first, with all of them as its reason.
 */
export function createChainedProvider({ sources }: ChainedProviderOptions): CollateralProvider {
  return {
    getDcapCollateral: async (request, signal) =>
      await firstAnswer(sources, signal, (s) => s.getDcapCollateral?.(request, signal)),
    getAmdCertificates: async (request, signal) =>
      await firstAnswer(sources, signal, (s) => s.getAmdCertificates?.(request, signal)),
    getAmdCrl: async (product, key, signal) =>
      await firstAnswer(sources, signal, (s) => s.getAmdCrl?.(product, key, signal)),
  };
}

async function firstAnswer<T>(
  sources: readonly PartialCollateralProvider[],
  signal: AbortSignal | undefined,
  ask: (source: PartialCollateralProvider) => Promise<T> | undefined,
): Promise<T> {
  const refusals: CollateralRefusal[] = [];
  for (const source of sources) {
    signal?.throwIfAborted();
    try {
      const answer = await ask(source);
      if (answer !== undefined) return answer;
    } catch (error) {
      const refusal = collateralRefusalOf(error);
      if (refusal === undefined) throw error;
      refusals.push(refusal);
    }
  }
  throw inOne(refusals);
}

function inOne(refusals: readonly CollateralRefusal[]): Error {
  const [only] = refusals;
  if (only === undefined) return unavailable("unsupported", "no source has such collateral");
  const { kind, ...details } = refusals.reduce((best, next) =>
    hopeOf(next) > hopeOf(best) ? next : best,
  );
  return unavailable(kind, "no source gave the collateral", { ...details, reason: refusals });
}

/** Only where every source answered that it has nothing does the chain say so. */
function hopeOf({ kind }: CollateralRefusal): number {
  const index = ["unsupported", "unknown", "throttled"].indexOf(kind);
  return index < 0 ? 3 : index;
}
