import type { KeysStatement, Tally } from "@carrara/ballot";
import type { Manifest } from "@carrara/manifest";
import type { VerifierKey } from "@carrara/transparency";
import type { AttestedCoordinator, UnattestedCoordinator } from "../attest-coordinator.ts";
import type { SignedCheckpoint } from "./ballot-facts.ts";
import type { EvidenceFinding } from "./evidence-finding.ts";
import type { SiteCertificate } from "./site-certificate.ts";
import type { UpdateEntry } from "./update-entry.ts";

/** The manifest in force. */
export interface VerifiedManifest {
  /** The bytes that Root signed. */
  readonly bytes: Uint8Array;
  /** Lower-case hex SHA-256 of `bytes`. */
  readonly fingerprint: string;
  /** With the security versions that the (unsigned) update log tells. */
  readonly manifest: Manifest;
}

/** What a bundle proves. What could not be shown, or was refused, is undefined or empty. */
export interface EvidenceFacts {
  readonly coordinator: AttestedCoordinator | UnattestedCoordinator | undefined;
  /** SHA-256 of the Coordinator's root certificate, lower-case hex. */
  readonly rootSha256: string | undefined;
  readonly manifest: VerifiedManifest | undefined;
  /** Unsigned; undefined when not told. */
  readonly updates: readonly UpdateEntry[] | undefined;
  readonly keys: readonly KeysStatement[];
  readonly logKey: VerifierKey | undefined;
  readonly site: SiteCertificate | undefined;
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly tally: Tally | undefined;
}

/** Verdict on a bundle. */
export interface EvidenceReport {
  /** `refused` when anything failed; `hardware` only on evidence of genuine hardware. */
  readonly verdict: "hardware" | "simulation" | "unproven" | "refused";
  readonly findings: readonly EvidenceFinding[];
  readonly facts: EvidenceFacts;
}
