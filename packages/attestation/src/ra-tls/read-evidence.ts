import type { Certificate, Extension } from "@carrara/pki";
import { copyBytes } from "../copy-bytes.ts";
import { decodeOeQuote } from "../oe-quote.ts";
import { type LocatedEvidence, locateEvidence } from "./certificate.ts";
import { RA_TLS_OID, type RaTlsEvidence } from "./evidence.ts";
import { decodeInteroperableForm } from "./interoperable-form.ts";

/** A certificate with its evidence; neither is verified. */
export interface RaTlsCertificate {
  readonly certificate: Certificate;
  readonly evidence: RaTlsEvidence;
  /** Legacy forms beside the interoperable one; nothing vouches for them. */
  readonly ignored: readonly Extension[];
}

/**
 * Reads the evidence in a DER certificate, in any of the forms of section 6.1. Throws
 * `CERT_MALFORMED`, `RATLS_NO_EVIDENCE`, `RATLS_AMBIGUOUS`, `RATLS_MALFORMED`, `RATLS_CBOR_TAG`.
 */
export function readRaTlsEvidence(certificateDer: Uint8Array): RaTlsCertificate {
  const located = locateEvidence(copyBytes(certificateDer));
  const { certificate, ignored } = located;
  return { certificate, evidence: decodeEvidence(located), ignored };
}

/** Decodes what {@link locateEvidence} found. Throws `RATLS_MALFORMED`, `RATLS_CBOR_TAG`, `QUOTE_…`. */
export function decodeEvidence({ certificate, extension }: LocatedEvidence): RaTlsEvidence {
  const { oid, critical, value } = extension;
  const origin = { oid, critical, spki: certificate.spki };
  switch (oid) {
    case RA_TLS_OID.evidence:
      return { ...origin, ...decodeInteroperableForm(value) };
    case RA_TLS_OID.openEnclave:
    case RA_TLS_OID.openEnclaveOld:
      return { ...origin, kind: "open-enclave", evidence: decodeOeQuote(value) };
    case RA_TLS_OID.intelSdk:
      return { ...origin, kind: "intel-sdk", evidence: value };
    default:
      return { ...origin, kind: "gramine", evidence: value };
  }
}
