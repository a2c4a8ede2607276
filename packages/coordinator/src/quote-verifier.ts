import {
  AttestationError,
  type DcapCollateral,
  type DcapVerifier,
  decodeOeQuote,
  encodeOeQuote,
  parseQuote,
  pckInfoOfQuote,
  requireSgx,
  type TrustAnchor,
  type VerifiedSgxQuote,
} from "@carrara/attestation";
import { equalBytes } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import { CoordinatorError } from "./error.ts";

/** Which platforms' collateral is wanted. */
export interface CollateralRequest {
  readonly fmspc: string;
  readonly ca: "processor" | "platform";
}

/** Where collateral comes from; `@carrara/tee`'s PCCS client fits. */
export interface CollateralSource {
  getCollateral(request: CollateralRequest, signal?: AbortSignal): Promise<DcapCollateral>;
}

/** What {@link createQuoteVerifier} needs. */
export interface QuoteVerifierDeps {
  readonly sgx: DcapVerifier;
  readonly collateral: CollateralSource;
  /** The one root that counts: that of the Coordinator's own evidence. */
  readonly anchor: TrustAnchor;
  readonly clock: () => Date;
}

/** Quotes in Open Enclave form, checked and with their collateral. */
export interface QuoteVerifier {
  /** Throws `QUOTE_INVALID`, `COLLATERAL_UNAVAILABLE`. */
  verify(quote: Uint8Array): Promise<VerifiedSgxQuote>;
  /** The collateral that belongs to a quote. Throws as {@link verify}. */
  collateralOf(quote: Uint8Array): Promise<DcapCollateral>;
}

/** Milliseconds to wait for collateral: a Marble's own deadline is longer. */
const COLLATERAL_TIMEOUT_MS = 10_000;

/** Makes a verifier that accepts evidence under one trust anchor. */
export function createQuoteVerifier(deps: QuoteVerifierDeps): QuoteVerifier {
  const fetchFor = async (raw: Uint8Array): Promise<DcapCollateral> => {
    const info = asQuoteError(() => pckInfoOfQuote(parseQuote(raw)));
    // Before any request goes out: a quote of another root cannot verify here. The key counts, not
    // the certificate: Intel issued its root twice with one key.
    if (!equalBytes(parseCertificate(info.rootCertificate).spki, deps.anchor.spki)) {
      throw new CoordinatorError("QUOTE_INVALID", `the quote is not under ${deps.anchor.name}`);
    }
    try {
      const signal = AbortSignal.timeout(COLLATERAL_TIMEOUT_MS);
      return await deps.collateral.getCollateral({ fmspc: info.fmspc, ca: info.ca }, signal);
    } catch (cause) {
      throw new CoordinatorError("COLLATERAL_UNAVAILABLE", "collateral cannot be fetched", {
        cause,
      });
    }
  };
  return {
    collateralOf: async (quote) => await fetchFor(asQuoteError(() => decodeOeQuote(quote))),
    verify: async (quote) => {
      const raw = asQuoteError(() => decodeOeQuote(quote));
      const collateral = await fetchFor(raw);
      const { sgx, anchor, clock } = deps;
      try {
        return requireSgx(await sgx.verify({ quote: raw, collateral, anchor, now: clock() }));
      } catch (cause) {
        throw quoteError(cause);
      }
    },
  };
}

function asQuoteError<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw quoteError(cause);
  }
}

function quoteError(cause: unknown): unknown {
  if (!(cause instanceof AttestationError)) return cause;
  return new CoordinatorError("QUOTE_INVALID", `the quote does not verify: ${cause.message}`, {
    cause,
  });
}

/**
 * Whether bytes are a quote without Open Enclave header (section 2.8). The original also wants the
 * two SVNs of the header not to be zero, which simulated quotes have and which tells nothing apart:
 * the other form starts with 1.
 */
function isRawSgxQuote(bytes: Uint8Array): boolean {
  if (bytes.length < 48) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return (
    view.getUint16(0, true) === 3 && view.getUint16(2, true) <= 3 && view.getUint32(4, true) === 0
  );
}

/** The quote in Open Enclave form, whichever form it has. */
export function asOeQuote(bytes: Uint8Array): Uint8Array {
  return isRawSgxQuote(bytes) ? encodeOeQuote(bytes) : bytes;
}
