import type { DcapCollateral } from "@carrara/attestation";
import { TeeError } from "../error.ts";
import { collateralWindow } from "./collateral-window.ts";
import { fetchCollateral, pccsEndpoints } from "./fetch-collateral.ts";

const DEFAULT_TIMEOUT_MS = 15_000;
/** Platform families are few; an attacker's quotes can name many. */
const MAX_CACHED = 64;
const DAY_MS = 86_400_000;
/** How long "unknown platform" is remembered, and a failed renewal not repeated. */
const NEGATIVE_MS = 300_000;
const RETRY_RENEWAL_MS = 60_000;

/** Names the platform family whose collateral is wanted. */
export interface PlatformFamily {
  /** 12 hex digits. */
  readonly fmspc: string;
  readonly ca: "processor" | "platform";
}

/** Gets collateral from a PCS or PCCS and keeps it while it is valid. */
export interface PccsClient {
  /**
   * Collateral that is within its validity now; unverified, as all input is. Throws
   * `COLLATERAL_UNAVAILABLE`, or the reason of `signal`.
   */
  getCollateral(family: PlatformFamily, signal?: AbortSignal): Promise<DcapCollateral>;
}

/** Dependencies of a client. */
export interface PccsClientOptions {
  /** Base URL; `/sgx/certification/v4` is added when it has no such path. */
  readonly url: string;
  /** Where Intel's root CRL is, for a PCS, which lacks the `rootcacrl` route of a PCCS. */
  readonly rootCrlUrl?: string;
  readonly fetch?: typeof fetch;
  readonly now?: () => Date;
  /** For the whole of one collateral: four requests. */
  readonly timeoutMs?: number;
}

/** Valid until `validUntil`; asked for again from `renewAt` on (milliseconds since 1970). */
type Cached =
  | {
      readonly kind: "collateral";
      readonly collateral: DcapCollateral;
      readonly validUntil: number;
      readonly renewAt: number;
    }
  | { readonly kind: "unknown"; readonly validUntil: number };

/** A client with an empty cache. Throws TypeError for a `url` that is none. */
export function createPccsClient(options: PccsClientOptions): PccsClient {
  const { now = () => new Date(), timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const endpoints = pccsEndpoints(options.url, options.rootCrlUrl);
  const fetcher = options.fetch ?? fetch;
  const cache = new Map<string, Cached>();
  const inFlight = new Map<string, Promise<DcapCollateral>>();

  const remember = (key: string, entry: Cached): void => {
    cache.delete(key);
    cache.set(key, entry);
    const [oldest] = cache.keys();
    if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
  };

  const load = async (key: string, family: PlatformFamily): Promise<DcapCollateral> => {
    const cached = cache.get(key);
    try {
      const collateral = await fetchCollateral(endpoints, family, {
        fetch: fetcher,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const at = now().getTime();
      const { from, until } = collateralWindow(collateral);
      if (at > until.getTime()) throw unavailable("the service gave collateral that has expired");
      const halfMs = (until.getTime() - from.getTime()) / 2;
      const renewAt = at + Math.min(Math.max(halfMs, 0), DAY_MS);
      remember(key, { kind: "collateral", collateral, validUntil: until.getTime(), renewAt });
      return collateral;
    } catch (cause) {
      const at = now().getTime();
      if (cached?.kind === "collateral" && at <= cached.validUntil) {
        remember(key, { ...cached, renewAt: at + RETRY_RENEWAL_MS });
        return cached.collateral;
      }
      if (isUnknownPlatform(cause))
        remember(key, { kind: "unknown", validUntil: at + NEGATIVE_MS });
      throw cause instanceof TeeError ? cause : unavailable("the service cannot be reached", cause);
    }
  };

  return {
    async getCollateral(family, signal) {
      signal?.throwIfAborted();
      if (!/^[0-9a-fA-F]{12}$/.test(family.fmspc))
        throw new TypeError("fmspc is not 12 hex digits");
      const key = `${family.ca} ${family.fmspc.toLowerCase()}`;
      const at = now().getTime();
      const cached = cache.get(key);
      if (cached?.kind === "unknown" && at <= cached.validUntil) throw unknownPlatform();
      if (cached?.kind === "collateral" && at <= cached.validUntil && at < cached.renewAt) {
        return cached.collateral;
      }
      let flight = inFlight.get(key);
      if (flight === undefined) {
        flight = load(key, family).finally(() => inFlight.delete(key));
        inFlight.set(key, flight);
      }
      return await abandonable(flight, signal);
    },
  };
}

/** Waits for `shared`, which others may wait for too, only as long as `signal` allows. */
async function abandonable<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await shared;
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

function unavailable(message: string, cause?: unknown): TeeError {
  return new TeeError("COLLATERAL_UNAVAILABLE", message, { cause });
}

function unknownPlatform(): TeeError {
  return unavailable("the service does not know the platform");
}

function isUnknownPlatform(error: unknown): boolean {
  return error instanceof TeeError && error.cause === 404;
}
