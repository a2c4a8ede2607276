import { utf8 } from "@carrara/encoding";
import { encodeGoJson, goBytes, goObject, goString, goUint64 } from "@carrara/manifest";
import { ClientError } from "./error.ts";
import type { RouteCaller } from "./route-caller.ts";

/** A quote that the Coordinator vouches for. */
export interface SignedQuote {
  /** One of the seven statuses of spec marblerun section 2.8. */
  readonly tcbStatus: string;
  /** ECDSA by the Root key, DER. */
  readonly signature: Uint8Array;
}

/** What marbles and those who trust them ask; both need a feature gate of the manifest. */
export interface MarbleRoutes {
  /** Has an SGX quote verified and signed. */
  signQuote(quote: Uint8Array, signal?: AbortSignal): Promise<SignedQuote>;
  /** Raises a counter of the calling marble to `value`; resolves with the value before (0 if new). */
  advanceCounter(name: string, value: bigint, signal?: AbortSignal): Promise<bigint>;
}

const TCB_STATUSES: ReadonlySet<string> = new Set([
  "UpToDate",
  "OutOfDate",
  "Revoked",
  "ConfigurationNeeded",
  "OutOfDateConfigurationNeeded",
  "SWHardeningNeeded",
  "ConfigurationAndSWHardeningNeeded",
]);

const signed = goObject({ tcbStatus: goString, verificationSignature: goBytes });
const counter = goObject({ value: goUint64 });

/** The routes over `caller` (spec marblerun sections 2.8 and 2.9). */
export function marbleRoutes(caller: RouteCaller): MarbleRoutes {
  return {
    async signQuote(sgxQuote, signal) {
      const body = utf8(encodeGoJson({ sgxQuote }));
      const call = { method: "POST", path: "/api/v2/sign-quote", decoder: signed } as const;
      const { tcbStatus, verificationSignature } = await caller.must({ ...call, body }, signal);
      if (TCB_STATUSES.has(tcbStatus)) return { tcbStatus, signature: verificationSignature };
      throw new ClientError("RESPONSE_INVALID", "the Coordinator named an unknown TCB status");
    },

    async advanceCounter(name, value, signal) {
      const body = utf8(encodeGoJson({ name, value }));
      const call = { method: "POST", path: "/api/v2/monotonic-counter", decoder: counter } as const;
      return (await caller.must({ ...call, body }, signal)).value;
    },
  };
}
