import type { TcbStatus } from "@carrara/attestation";

/** A certificate of the platform that a CRL can list. */
export type RevocableCertificate = "pck" | "platform-ca" | "tcb-signing";

/** What the simulated vendor says about the platform; from this all collateral is written. */
export interface PlatformScenario {
  /** Status of the TCB level that the platform is at. */
  readonly tcbStatus: TcbStatus;
  readonly advisoryIds: readonly string[];
  readonly tcbDate: Date;
  readonly tcbEvaluationDataNumber: number;
  /** Status of the level that the quoting enclave is at. */
  readonly qeStatus: "UpToDate" | "OutOfDate" | "Revoked";
  readonly revoked: readonly RevocableCertificate[];
  /** When the collateral was issued; the present unless set. It is valid for seven days. */
  readonly issuedAt?: Date;
}

/** A platform in good order. */
export const DEFAULT_SCENARIO: PlatformScenario = Object.freeze({
  tcbStatus: "UpToDate",
  advisoryIds: [],
  tcbDate: new Date("2026-01-01T00:00:00Z"),
  tcbEvaluationDataNumber: 1,
  qeStatus: "UpToDate",
  revoked: [],
});
