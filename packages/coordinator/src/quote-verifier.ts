import {
  AttestationError,
  createEndorsementRequests,
  type EndorsementRequest,
  type Endorsements,
  type EvidenceVerifier,
  encodeEvidence,
  guestExposure,
  isRootOf,
  recogniseEvidence,
  softwareIdentityOf,
  type TrustAnchor,
  type VerifiedEvidence,
} from "@carrara/attestation";
import { PkiError } from "@carrara/pki";
import type { QuoteClaims } from "./core/quote-policy.ts";
import { CoordinatorError } from "./error.ts";

/** Where endorsements come from; `@carrara/tee`'s providers give one. */
export type EndorsementSource = (
  request: EndorsementRequest,
  signal: AbortSignal,
) => Promise<Endorsements>;

/** What {@link createQuoteVerifier} needs. */
export interface QuoteVerifierDeps {
  readonly evidence: EvidenceVerifier;
  readonly endorsements: EndorsementSource;
  /** The roots that count: those of the Coordinator's own kind of evidence. */
  readonly anchors: readonly TrustAnchor[];
  readonly clock: () => Date;
}

/** Evidence on the wire, checked and with its endorsements. */
export interface QuoteVerifier {
  /** Throws `QUOTE_INVALID`, `COLLATERAL_UNAVAILABLE`. */
  verify(quote: Uint8Array): Promise<QuoteClaims>;
  /** The endorsements that belong to evidence. Throws as {@link verify}. */
  endorsementsOf(quote: Uint8Array): Promise<Endorsements>;
}

/** Milliseconds to wait for endorsements: a Marble's own deadline is longer. */
const ENDORSEMENTS_TIMEOUT_MS = 10_000;

/** Makes a verifier that accepts evidence under some trust anchors. */
export function createQuoteVerifier(deps: QuoteVerifierDeps): QuoteVerifier {
  const requestOf = createEndorsementRequests();
  const known = new WeakSet<EndorsementRequest>();
  const ownRequestOf = async (quote: Uint8Array): Promise<EndorsementRequest> => {
    try {
      const request = await requestOf(recogniseEvidence(quote));
      // Reading its root again for every quote of a platform showed in profiles.
      if (!known.has(request)) requireOwnRoot(request, deps.anchors);
      known.add(request);
      return request;
    } catch (cause) {
      throw quoteError(cause);
    }
  };
  const endorsementsOf = async (quote: Uint8Array): Promise<Endorsements> => {
    const request = await ownRequestOf(quote);
    try {
      return await deps.endorsements(request, AbortSignal.timeout(ENDORSEMENTS_TIMEOUT_MS));
    } catch (cause) {
      throw new CoordinatorError("COLLATERAL_UNAVAILABLE", "collateral cannot be fetched", {
        cause,
      });
    }
  };
  return {
    endorsementsOf,
    verify: async (quote) => {
      const endorsements = await endorsementsOf(quote);
      const { evidence, anchors, clock } = deps;
      try {
        const input = { evidence: quote, endorsements, anchors, now: clock() };
        return await claimsOf(await evidence.verify(input));
      } catch (cause) {
        throw quoteError(cause);
      }
    },
  };
}

/**
 * Before any request goes out: evidence of another root cannot verify here. The key counts, not the
 * certificate: Intel issued its root twice with one key. Evidence that carries no root is asked for.
 */
function requireOwnRoot(request: EndorsementRequest, anchors: readonly TrustAnchor[]): void {
  const foreign = !anchors.some((anchor) => isRootOf(request, anchor));
  if (!foreign || request.rootCertificate === undefined) return;
  const names = anchors.map(({ name }) => name).join(", ");
  throw new CoordinatorError("QUOTE_INVALID", `the quote is not under ${names}`);
}

async function claimsOf(verified: VerifiedEvidence): Promise<QuoteClaims> {
  const identity = await softwareIdentityOf(verified);
  const exposure = guestExposure(verified);
  if (verified.tee === "snp") return { identity, status: undefined, advisoryIds: [], exposure };
  const { status, advisoryIds } = verified;
  return { identity, status, advisoryIds, exposure };
}

function quoteError(cause: unknown): unknown {
  if (!(cause instanceof AttestationError || cause instanceof PkiError)) return cause;
  return new CoordinatorError("QUOTE_INVALID", `the quote does not verify: ${cause.message}`, {
    cause,
  });
}

/**
 * Evidence in the form of the wire, whichever form it has: MarbleRun's clients sign raw quotes too
 * (section 2.8). What cannot be recognised stays as it is, for the verifier to refuse.
 */
export function asWireEvidence(bytes: Uint8Array): Uint8Array {
  try {
    return recogniseEvidence(bytes).tee === "sgx" && bytes[0] !== 1 ? encodeEvidence(bytes) : bytes;
  } catch {
    return bytes;
  }
}
