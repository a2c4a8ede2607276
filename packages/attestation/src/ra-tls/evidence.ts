import type { Cbor } from "../cbor.ts";

/** Extensions in which certificates carry evidence in the field (section 6.1). */
export const RA_TLS_OID = {
  /** TCG DICE conceptual message wrapper: the interoperable form, and the only one that is written. */
  evidence: "2.23.133.5.4.9",
  gramine: "1.2.840.113741.1337.6",
  /** The same as Gramine wrote it: the value repeats tag and length inside. */
  gramineMisencoded: "0.6.9.42.840.113741.1337.6",
  /** Of the Intel SDK's sample; PCK certificates have another thing under it. */
  intelSdk: "1.2.840.113741.1.13.1",
  openEnclave: "1.3.6.1.4.1.311.105.1",
  openEnclaveOld: "1.2.840.113556.10.1.1",
} as const;

/** Type string of SEV-SNP evidence in the interoperable extension; this project's own (section 6.2). */
export const SNP_EVIDENCE_TYPE = "application/vnd.carrara.sev-snp+cbor";

/** Hash algorithms that a key may be bound with, by their IANA named information number. */
export const RA_TLS_HASHES: ReadonlyMap<number, "sha-256" | "sha-384" | "sha-512"> = new Map([
  [1, "sha-256"],
  [7, "sha-384"],
  [8, "sha-512"],
]);

/** What the attested side says; REPORTDATA has the hash of it. */
export interface RaTlsClaims {
  /** The exact bytes that are hashed. */
  readonly raw: Uint8Array;
  readonly pubkeyHash: { readonly algId: number; readonly value: Uint8Array };
  readonly nonce: Uint8Array | undefined;
  /** All other claims in their order: authentic once the binding was checked, without a meaning here. */
  readonly others: ReadonlyMap<string, Cbor>;
}

interface EvidenceOrigin {
  /** Dotted, as decoded. */
  readonly oid: string;
  readonly critical: boolean;
  /** DER SubjectPublicKeyInfo of the certificate. */
  readonly spki: Uint8Array;
  /** The raw quote or report. */
  readonly evidence: Uint8Array;
}

/** Tagged evidence of the interoperable form. */
export interface InteroperableEvidence extends EvidenceOrigin {
  readonly kind: "interoperable";
  /** 60000: a quote; 60001: a report that only its own machine can check. */
  readonly cborTag: 60000 | 60001;
  readonly claims: RaTlsClaims;
}

/** An SEV-SNP report in this project's array form. */
export interface SnpEvidence extends EvidenceOrigin {
  readonly kind: "sev-snp";
  readonly claims: RaTlsClaims;
  /** DER VCEK or VLEK, then ASK or ASVK; empty when the evidence carries none. */
  readonly vekChain: readonly Uint8Array[];
}

/** A quote without claims, bound to the key by REPORTDATA alone. */
export interface LegacyEvidence extends EvidenceOrigin {
  readonly kind: "gramine" | "intel-sdk" | "open-enclave";
}

/** Evidence as a certificate carries it. Nothing is verified; byte fields are views. */
export type RaTlsEvidence = InteroperableEvidence | SnpEvidence | LegacyEvidence;
