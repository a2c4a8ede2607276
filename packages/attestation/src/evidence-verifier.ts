import { equalBytes } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import { copyBytes } from "./copy-bytes.ts";
import { type QuoteCrypto, WEB_QUOTE_CRYPTO } from "./crypto.ts";
import { pckInfoOfQuote } from "./dcap/pck-info.ts";
import { parseQuote } from "./dcap/quote.ts";
import type { VerifiedQuote } from "./dcap/verified-quote.ts";
import { createDcapVerifier } from "./dcap/verifier.ts";
import type { Endorsements } from "./endorsements.ts";
import { AttestationError } from "./error.ts";
import { recogniseEvidence } from "./evidence.ts";
import type { VerifiedSnpReport } from "./snp/verified-report.ts";
import { createSnpVerifier } from "./snp/verifier.ts";
import { AMD_ROOTS, INTEL_SGX_ROOT, type TrustAnchor } from "./trust-anchor.ts";

/** Evidence that verified; `tee` says of what. */
export type VerifiedEvidence = VerifiedQuote | VerifiedSnpReport;

/** The vendors' own roots: the only anchors whose evidence counts as hardware. */
export const HARDWARE_ANCHORS: readonly TrustAnchor[] = Object.freeze([
  INTEL_SGX_ROOT,
  ...AMD_ROOTS,
]);

/** Input of a verification. Bytes and endorsements may come from an attacker. */
export interface EvidenceVerification {
  /** A quote, with or without Open Enclave header, or an SNP report, with or without certificates. */
  readonly evidence: Uint8Array;
  readonly endorsements: Endorsements;
  /** Default: {@link HARDWARE_ANCHORS}. */
  readonly anchors?: readonly TrustAnchor[];
  readonly now: Date;
}

/** Verifies evidence of every kind; remembers what it verified of endorsements. */
export interface EvidenceVerifier {
  /** Throws AttestationError with a code that is not a `POLICY_…`. */
  verify(input: EvidenceVerification): Promise<VerifiedEvidence>;
}

/** Makes a verifier. It does no I/O; the clock and the endorsements are arguments of each call. */
export function createEvidenceVerifier(
  quoteCrypto: QuoteCrypto = WEB_QUOTE_CRYPTO,
): EvidenceVerifier {
  const dcap = createDcapVerifier(quoteCrypto);
  const snp = createSnpVerifier();
  return {
    async verify({ evidence: bytes, endorsements, anchors = HARDWARE_ANCHORS, now }) {
      const evidence = recogniseEvidence(copyBytes(bytes));
      if (evidence.tee === "snp") {
        if (endorsements.vendor !== "amd") throw foreign("amd");
        const { vendor: _, ...given } = endorsements;
        const { report, certTable } = evidence;
        return await snp.verify({ report, certTable, ...given, anchors, now });
      }
      if (endorsements.vendor !== "intel") throw foreign("intel");
      const { collateral } = endorsements;
      const { quote } = evidence;
      return await dcap.verify({ quote, collateral, anchor: anchorOf(quote, anchors), now });
    },
  };
}

function foreign(needed: string): AttestationError {
  return new AttestationError(
    "COLLATERAL_UNAVAILABLE",
    `endorsements are of another vendor, ${needed} needed`,
  );
}

/** The anchor that the quote's chain claims to end in; the verifier checks that it does. */
function anchorOf(bytes: Uint8Array, anchors: readonly TrustAnchor[]): TrustAnchor {
  const intel = anchors.filter(({ vendor }) => vendor === "intel");
  const [first] = intel;
  if (first === undefined) {
    throw new AttestationError("CERT_UNTRUSTED_ROOT", "no root of a quote is trusted");
  }
  if (intel.length === 1) return first;
  const { rootCertificate } = pckInfoOfQuote(parseQuote(bytes));
  const { spki } = parseCertificate(rootCertificate);
  return intel.find((anchor) => equalBytes(anchor.spki, spki)) ?? first;
}
