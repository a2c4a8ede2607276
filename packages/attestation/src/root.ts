import { EncodingError, equalBytes, toHex } from "@carrara/encoding";
import { type Certificate, commonNameOf, PkiError, parseCertificate } from "@carrara/pki";
import { checkIssued, INTEL_SIGNATURES, type SignatureProfile } from "./certificate-check.ts";
import { copyBytes } from "./copy-bytes.ts";
import { sha256 } from "./crypto.ts";
import { AttestationError } from "./error.ts";
import { createMemo } from "./memo.ts";
import { type Assurance, assuranceOf, type TrustAnchor } from "./trust-anchor.ts";

/** A trust anchor whose certificate was read and checked against itself, all but times. */
export interface Root {
  readonly kind: Assurance;
  readonly certificate: Certificate;
  readonly name: string;
  /** Lower-case hex. */
  readonly spkiSha256: string;
  /** Text that stands for this root and its kind in keys of memos. */
  readonly memoKey: string;
}

/** Roots that stay in memory; one is usual, two while one is replaced. */
const MEMO_CAPACITY = 8;

/**
 * Makes a reader of anchors that remembers the last few. What an anchor says of its kind counts for
 * nothing. An anchor of another vendor is not signed as `isExpected` wants: `CERT_CHAIN_INVALID`.
 */
export function createRootLoader(
  isExpected: SignatureProfile = INTEL_SIGNATURES,
): (anchor: Pick<TrustAnchor, "spki" | "certificate">) => Promise<Root> {
  const memo = createMemo<Root>(MEMO_CAPACITY);
  return async (anchor) => {
    const spki = copyBytes(anchor.spki);
    const certificate = copyBytes(anchor.certificate);
    const parts = [toHex(spki), toHex(certificate)];
    return await memo.get(parts, async () => await verifyRoot(spki, certificate, isExpected));
  };
}

async function verifyRoot(
  spki: Uint8Array,
  der: Uint8Array,
  isExpected: SignatureProfile,
): Promise<Root> {
  const certificate = readRoot(der);
  if (!equalBytes(certificate.spki, spki)) {
    throw new AttestationError("CERT_UNTRUSTED_ROOT", "the anchor's key is not its certificate's");
  }
  await checkIssued(certificate, certificate, 1, isExpected);
  const kind = assuranceOf(spki);
  return {
    kind,
    certificate,
    name: commonNameOf(certificate.subject),
    spkiSha256: toHex(await sha256(spki)),
    memoKey: `${kind} ${toHex(der)}`,
  };
}

function readRoot(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof PkiError || cause instanceof EncodingError)) throw cause;
    throw new AttestationError("CERT_MALFORMED", "the anchor's certificate cannot be read", {
      cause,
    });
  }
}

/** Requires a chain to end in the key of `root`. Throws `CERT_UNTRUSTED_ROOT`. */
export function checkEndsIn(claimed: Certificate, root: Root): void {
  if (equalBytes(claimed.spki, root.certificate.spki)) return;
  throw new AttestationError(
    "CERT_UNTRUSTED_ROOT",
    "the chain ends in another root than the trusted one",
  );
}
