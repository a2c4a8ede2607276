import type { DcapCollateral } from "@carrara/attestation";
import { EMPTY_BUNDLE } from "./bundle.ts";
import { type CacheDeps, checkUsable, only, restoreCopy, saveCopy } from "./cache-deps.ts";
import { checkAnswers, readDcapFacts } from "./dcap-facts.ts";
import { createKeptAnswers, type Kept } from "./kept-answers.ts";
import type { DcapCollateralProvider } from "./provider.ts";
import { unavailable } from "./refusal.ts";
import { renewalTime } from "./renewal.ts";
import { dcapKey, type ExactDcapRequest, exactDcapRequest } from "./request.ts";
import { createRollbackGuard } from "./rollback-guard.ts";

/** Platform families are few; an attacker's quotes can name many. */
const CAPACITY = 64;

/** The Intel half of the cache. */
export function createDcapCache(deps: CacheDeps): DcapCollateralProvider {
  const { source, authenticator, store, now } = deps;
  const answers = createKeptAnswers<DcapCollateral>({
    ...deps,
    capacity: CAPACITY,
    service: "dcap",
  });
  const guard = createRollbackGuard(store);

  const check = async (
    request: ExactDcapRequest,
    value: DcapCollateral,
  ): Promise<Kept<DcapCollateral>> => {
    const facts = readDcapFacts(value);
    checkAnswers(facts, request);
    checkUsable(facts.until, now());
    await authenticator.checkDcap(value);
    await guard.admit(request, facts);
    const renewAt = renewalTime(now().getTime(), facts.from, facts.until);
    return { value, usableUntil: facts.until, renewAt };
  };

  return {
    async getDcapCollateral(request, signal) {
      const exact = exactDcapRequest(request);
      const key = dcapKey(exact);
      const load = async (limit: AbortSignal): Promise<Kept<DcapCollateral>> => {
        const asked = source.getDcapCollateral?.(exact, limit);
        if (asked === undefined)
          throw unavailable("unsupported", "the source has no intel collateral");
        const kept = await check(exact, Object.freeze({ ...(await asked) }));
        const { update } = exact;
        await saveCopy(deps, key, { ...EMPTY_BUNDLE, dcap: [{ ...kept.value, update }] });
        return kept;
      };
      const restore = async (): Promise<Kept<DcapCollateral> | undefined> =>
        await restoreCopy(deps, key, async ({ dcap }) => {
          const { update, ...value } = only(dcap);
          if (update !== exact.update) throw unavailable("malformed", "a copy of another request");
          // Its age is not known: it is renewed as soon as it is used.
          return { ...(await check(exact, Object.freeze(value))), renewAt: 0 };
        });
      return await answers.get(key, { load, restore }, signal);
    },
  };
}
