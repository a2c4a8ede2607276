import type { DcapCollateral, TrustAnchor } from "@carrara/attestation";
import type { SignedKeys } from "@carrara/ballot";

/** Good bytes, by the name of the part of the evidence that they are. */
export type Seeds = Readonly<Record<string, readonly Uint8Array[]>>;

/** A quote that verifies. */
export interface DcapCase {
  readonly name: string;
  readonly quote: Uint8Array;
  readonly collateral: DcapCollateral;
  readonly anchor: TrustAnchor;
  readonly now: Date;
}

/** A report that verifies. */
export interface SnpCase {
  readonly name: string;
  readonly report: Uint8Array;
  readonly vek: Uint8Array;
  readonly chain: string;
  readonly crl?: Uint8Array;
  readonly certTable?: Uint8Array;
  /** Left out for AMD's own. */
  readonly anchors?: readonly TrustAnchor[];
  readonly now: Date;
}

/** What verifies the evidence in a certificate: exactly one of the two. */
export type RaTlsEndorsements =
  | { readonly dcap: Omit<DcapCase, "name" | "quote"> }
  | { readonly snp: Omit<SnpCase, "name" | "report"> };

/** An RA-TLS certificate that verifies. */
export interface RaTlsCase {
  readonly name: string;
  /** DER. */
  readonly certificate: Uint8Array;
  readonly endorsements: RaTlsEndorsements;
  readonly now: Date;
}

/** A platform whose TCB signing key is at hand, for JSON that is changed before it is signed. */
export interface SigningPlatform {
  readonly pkcs8: Uint8Array;
  readonly spki: Uint8Array;
  readonly anchor: TrustAnchor;
  readonly now: Date;
  /** With chains and CRLs that verify, and JSON of {@link SigningPlatform.texts}. */
  readonly collateral: DcapCollateral;
  /** Their own signatures are nothing: JSON is read before they are looked at. */
  readonly quotes: Readonly<Record<"sgx" | "tdx", Uint8Array>>;
  /** Unsigned members. */
  readonly texts: Readonly<Record<"sgxTcbInfo" | "tdxTcbInfo" | "qeIdentity", readonly string[]>>;
}

/** A poll that is in order, and what it is checked against. */
export interface BallotCase {
  /** Verifier keys as text. */
  readonly logKey: string;
  readonly witnesses: readonly string[];
  readonly receipt: Uint8Array;
  readonly audit: Uint8Array;
  readonly signedKeys: SignedKeys;
  readonly intermediatePem: string;
  readonly now: Date;
}

/**
 * All good inputs of a run: data only, so that they can go to a worker and, with a finding, into a
 * file from which it can be replayed exactly.
 */
export interface FuzzWorld {
  readonly dcap: readonly DcapCase[];
  readonly snp: readonly SnpCase[];
  readonly raTls: readonly RaTlsCase[];
  readonly signing: SigningPlatform;
  /** An EAR's JSON and JWS are made with the signing platform's key. */
  readonly ear: { readonly payload: Uint8Array; readonly jws: Uint8Array; readonly now: Date };
  readonly ballots: BallotCase;
  readonly seeds: Seeds;
}
