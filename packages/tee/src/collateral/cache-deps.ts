import type { TeeError } from "../error.ts";
import type { Authenticator } from "./authenticate.ts";
import { type CollateralBundle, encodeCollateralBundle, parseCollateralBundle } from "./bundle.ts";
import type { CollateralStore } from "./collateral-store.ts";
import type { Pauses } from "./pauses.ts";
import type { PartialCollateralProvider } from "./provider.ts";
import { collateralRefusalOf, unavailable } from "./refusal.ts";

/** What the caches of both vendors share. */
export interface CacheDeps {
  readonly source: PartialCollateralProvider;
  readonly authenticator: Authenticator;
  readonly store: CollateralStore | undefined;
  readonly pauses: Pauses;
  readonly now: () => Date;
  readonly loadTimeoutMs: number;
  readonly report: (error: TeeError) => void;
}

type StoreDeps = Pick<CacheDeps, "store" | "report">;

/** Writes a copy. The answer itself is good, so a store that fails is only reported. */
export async function saveCopy(
  { store, report }: StoreDeps,
  name: string,
  bundle: CollateralBundle,
): Promise<void> {
  try {
    await store?.write(name, encodeCollateralBundle(bundle));
  } catch (reason) {
    report(unavailable("store", "the cache's store did not take a copy", { reason }));
  }
}

/**
 * What `read` makes of the copy `name`, which it must check as if it came from the network; a copy
 * that may not be used is reported, and as good as none.
 */
export async function restoreCopy<T>(
  { store, report }: StoreDeps,
  name: string,
  read: (bundle: CollateralBundle) => Promise<T> | T,
): Promise<T | undefined> {
  try {
    const bytes = await store?.read(name);
    return bytes === undefined ? undefined : await read(parseCollateralBundle(bytes));
  } catch (reason) {
    const kind = collateralRefusalOf(reason)?.kind ?? "store";
    report(unavailable(kind, "a copy in the cache's store may not be used", { reason }));
    return undefined;
  }
}

/** The one item that a copy must hold. */
export function only<T>(items: readonly T[]): T {
  const [item, more] = items;
  if (item !== undefined && more === undefined) return item;
  throw unavailable("malformed", "a copy does not hold one item");
}

/** Refuses what must not be used any more. */
export function checkUsable(until: number, now: Date): void {
  if (now.getTime() > until) {
    throw unavailable("expired", `the collateral was valid until ${new Date(until).toISOString()}`);
  }
}
