import type { TrustAnchor } from "@carrara/attestation";
import type { TeeError } from "../error.ts";
import { createAmdCache } from "./amd-cache.ts";
import { createAuthenticator } from "./authenticate.ts";
import type { CacheDeps } from "./cache-deps.ts";
import type { CollateralStore } from "./collateral-store.ts";
import { createDcapCache } from "./dcap-cache.ts";
import { createPauses } from "./pauses.ts";
import type { CollateralProvider, PartialCollateralProvider } from "./provider.ts";

/** More than the 15 s that the providers take. */
const DEFAULT_LOAD_TIMEOUT_MS = 30_000;

/** Dependencies of {@link createCachedProvider}. */
export interface CachedProviderOptions {
  readonly source: PartialCollateralProvider;
  /** Only what is signed under one of these is kept or handed out, of either vendor. */
  readonly anchors: readonly TrustAnchor[];
  /** Keeps answers, and how far collateral has come, beyond the life of this provider. */
  readonly store?: CollateralStore;
  readonly now?: () => Date;
  /** A number from 0 to below 1, for jitter. */
  readonly random?: () => number;
  /** Milliseconds for one answer of the source. */
  readonly loadTimeoutMs?: number;
  /**
   * Told of failures that no caller sees, since a valid copy was at hand: renewals, and copies that
   * the store did not take or that may not be used.
   */
  readonly report?: (error: TeeError) => void;
}

/**
 * A cache with the rules of section 3.4. DCAP collateral and CRLs are handed out until their earliest
 * next update and renewed in the background; VCEKs are kept for good, by product, chip and TCB. It
 * refuses, with `COLLATERAL_UNAVAILABLE`, what has expired, what is signed under no anchor, and
 * collateral older than it has seen. One request at a time goes out for one answer; "no such data" is
 * believed for five minutes; after other failures it waits longer each time, or as long as it is
 * told to.
 */
export function createCachedProvider(options: CachedProviderOptions): CollateralProvider {
  const deps = cacheDeps(options);
  return { ...createDcapCache(deps), ...createAmdCache(deps) };
}

function cacheDeps(options: CachedProviderOptions): CacheDeps {
  const { now = () => new Date(), random = Math.random, report = () => undefined } = options;
  return {
    source: options.source,
    store: options.store,
    authenticator: createAuthenticator(options.anchors),
    pauses: createPauses(random),
    loadTimeoutMs: options.loadTimeoutMs ?? DEFAULT_LOAD_TIMEOUT_MS,
    now,
    report,
  };
}
