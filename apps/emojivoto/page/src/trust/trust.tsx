import { type ComponentChildren, createContext, type JSX } from "preact";
import { useCallback, useContext, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, asApiError } from "../api/api-error.ts";
import { createBallotRoutes } from "../api/ballot-routes.ts";
import { readStored, writeStored } from "../ui/stored.ts";
import { loadTools, type Tools } from "./load-tools.ts";
import type { PinComparison } from "./manifest-pin.ts";
import type { VerifiedEvidence } from "./verify-evidence.ts";

/** What this browser knows about the service. */
export type Trust =
  | { readonly kind: "checking" }
  | { readonly kind: "failed"; readonly error: ApiError }
  | {
      readonly kind: "verified";
      readonly evidence: VerifiedEvidence;
      readonly pin: PinComparison;
    };

/** The verification of this visit, done once and shared by all views. */
export interface TrustKeeper {
  readonly trust: Trust;
  /** Verifies again with fresh evidence; resolves with the result. Rejects with `ApiError`. */
  refresh(): Promise<VerifiedEvidence>;
  /** The evidence as soon as it is verified. Rejects with `ApiError`. */
  verified(): Promise<VerifiedEvidence>;
  /** Whether the voter has yet to accept what `evidence` shows. */
  isUnaccepted(evidence: VerifiedEvidence): Promise<boolean>;
  /** Keeps the manifest in force as accepted. */
  accept(): void;
}

const PIN_KEY = "carrara.manifest";
const Context = createContext<TrustKeeper | undefined>(undefined);

/** Verifies the evidence once when the page opens, for everything inside. */
export function TrustProvider({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const [trust, setTrust] = useState<Trust>({ kind: "checking" });
  const latest = useRef<Promise<VerifiedEvidence>>(undefined);

  const refresh = useCallback(async (): Promise<VerifiedEvidence> => {
    const attempt = verifyOwn();
    latest.current = attempt.then(({ evidence }) => evidence);
    // Whoever waits for it hears of a failure; nobody has to.
    latest.current.catch(() => undefined);
    try {
      const { evidence, tools } = await attempt;
      setTrust({ kind: "verified", evidence, pin: pinFirst(evidence, tools) });
      return evidence;
    } catch (error) {
      setTrust({ kind: "failed", error: asApiError(error) });
      throw asApiError(error);
    }
  }, []);

  useEffect(() => {
    refresh().catch(() => undefined);
  }, [refresh]);

  const keeper = useMemo<TrustKeeper>(
    () => ({
      trust,
      refresh,
      verified: async () => {
        try {
          return await (latest.current ?? refresh());
        } catch {
          // An attempt that failed when the page opened may succeed now.
          return await refresh();
        }
      },
      isUnaccepted: async ({ report }) => {
        const { compareWithPin, parsePin } = await loadTools();
        return compareWithPin(report.facts, parsePin(readStored(PIN_KEY))).kind === "changed";
      },
      accept: () => {
        if (trust.kind !== "verified") return;
        const { evidence } = trust;
        void loadTools().then(({ pinOf, compareWithPin }) => {
          const pin = pinOf(evidence.report.facts, new Date());
          if (pin === undefined) return;
          writeStored(PIN_KEY, JSON.stringify(pin));
          setTrust({ ...trust, pin: compareWithPin(evidence.report.facts, pin) });
        });
      },
    }),
    [trust, refresh],
  );
  return <Context.Provider value={keeper}>{children}</Context.Provider>;
}

/** The verification of this visit. */
export function useTrust(): TrustKeeper {
  const keeper = useContext(Context);
  if (keeper === undefined) throw new TypeError("no TrustProvider around");
  return keeper;
}

async function verifyOwn(): Promise<{
  readonly evidence: VerifiedEvidence;
  readonly tools: Tools;
}> {
  await requireCryptography();
  const [text, tools] = await Promise.all([createBallotRoutes().evidence(), loadTools()]);
  return { evidence: await tools.verifyEvidence(text, new Date()), tools };
}

/** What checking signatures and sealing ballots need, and encoded base points: keys that every implementation takes. */
const NEEDED = [
  { algorithm: "Ed25519", key: new Uint8Array(32).fill(0x66).fill(0x58, 0, 1), usages: ["verify"] },
  { algorithm: "X25519", key: new Uint8Array(32).fill(9, 0, 1), usages: [] },
] as const;

/** Rejects with `BROWSER` and the algorithm that is missing: in old browsers, and pages without TLS. */
async function requireCryptography(): Promise<void> {
  for (const { algorithm, key, usages } of NEEDED) {
    try {
      await crypto.subtle.importKey("raw", key, algorithm, false, usages);
    } catch {
      throw new ApiError(0, algorithm, "BROWSER");
    }
  }
}

/** The first manifest that verifies is remembered, as a browser has nothing to compare it with. */
function pinFirst({ report }: VerifiedEvidence, tools: Tools): PinComparison {
  const kept = tools.parsePin(readStored(PIN_KEY));
  const pin = tools.pinOf(report.facts, new Date());
  const isAttested = report.verdict === "hardware" || report.verdict === "simulation";
  if (kept === undefined && pin !== undefined && isAttested) {
    writeStored(PIN_KEY, JSON.stringify(pin));
  }
  return tools.compareWithPin(report.facts, kept);
}
