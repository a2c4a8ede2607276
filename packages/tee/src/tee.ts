import type { Assurance, TeeKind, TrustAnchor } from "@carrara/attestation";

/**
 * Which enclaves share a sealing key: `unique` is this measurement only, `product` is every
 * enclave of the same signer and product id, later versions included.
 */
export type SealingPolicy = "product" | "unique";

/** What an enclave can ask of the platform it runs on. */
export interface Tee {
  readonly tee: TeeKind;
  readonly assurance: Assurance;
  /** The anchor that this platform's own evidence chains to. */
  readonly trustAnchor: TrustAnchor;
  /**
   * Raw evidence over `reportData`, at most 64 bytes, padded with zeros at the end: a quote of SGX
   * or TDX; of SNP the report, with the certificate table behind it where the platform has one.
   * Throws `EVIDENCE_REFUSED`, `CHANNEL_CLOSED`, `CHANNEL_TIMEOUT`, and for evidence from files
   * their codes.
   */
  getEvidence(reportData: Uint8Array): Promise<Uint8Array>;
  /** 32 secret bytes, the same at every start. Throws `CHANNEL_CLOSED`, `CHANNEL_TIMEOUT`. */
  getSealingKey(policy: SealingPolicy): Promise<Uint8Array>;
}
