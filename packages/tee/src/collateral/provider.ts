import type { DcapCollateral, SnpProduct, SnpTcb } from "@carrara/attestation";

/** Names the Intel platform family, and the kind of TEE, whose collateral is wanted. */
export interface DcapCollateralRequest {
  /** 12 hex digits of either case. */
  readonly fmspc: string;
  readonly tee: "sgx" | "tdx";
  /** Which CA issued the platform's PCK certificate. */
  readonly ca: "processor" | "platform";
  /** `early` is months ahead of what platforms can have installed; `standard` unless set. */
  readonly update?: "standard" | "early";
}

/** Which of AMD's two kinds of signing key: one of a chip, or one lent to a cloud. */
export type AmdKey = "vcek" | "vlek";

/** Names the VCEK that is wanted. VLEKs cannot be fetched: they come with the evidence. */
export interface AmdCertificateRequest {
  readonly product: SnpProduct;
  /** 64 bytes; on Turin 8, or 64 of which only the first 8 are not zero. */
  readonly hwId: Uint8Array;
  /** REPORTED_TCB of the report. */
  readonly tcb: SnpTcb;
}

/** A VCEK with what issued it. */
export interface AmdCertificates {
  /** DER. */
  readonly vek: Uint8Array;
  /** PEM, ASK first, then ARK. */
  readonly chain: string;
}

/**
 * Where endorsements of Intel platforms come from. Everything handed out is untrusted input. Each
 * method throws `COLLATERAL_UNAVAILABLE` when it has no answer ({@link collateralRefusalOf} says
 * why), `TypeError` for a request that names nothing, or the reason of `signal`.
 */
export interface DcapCollateralProvider {
  getDcapCollateral(request: DcapCollateralRequest, signal?: AbortSignal): Promise<DcapCollateral>;
}

/** Where certificates and CRLs of AMD chips come from; untrusted, and throws as the above does. */
export interface AmdCollateralProvider {
  getAmdCertificates(
    request: AmdCertificateRequest,
    signal?: AbortSignal,
  ): Promise<AmdCertificates>;
  /** DER of the CRL by which a line's ARK revokes ASKs (`vcek`) or ASVKs (`vlek`). */
  getAmdCrl(product: SnpProduct, key: AmdKey, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Where the endorsements of both vendors come from. */
export type CollateralProvider = DcapCollateralProvider & AmdCollateralProvider;

/** A provider of one vendor, or of both. */
export type PartialCollateralProvider = Partial<DcapCollateralProvider> &
  Partial<AmdCollateralProvider>;
