// What needs no Node: the verifier of evidence bundles, for browsers too.
export type {
  AttestedCoordinator,
  CoordinatorPolicy,
  UnattestedCoordinator,
} from "./attest-coordinator.ts";
export { ClientError, type ClientErrorCode } from "./error.ts";
export type { SignedCheckpoint } from "./evidence/ballot-facts.ts";
export { createBundleTransport } from "./evidence/bundle-transport.ts";
export {
  type BundledAnswer,
  type EvidenceBundle,
  MAX_BUNDLE_BYTES,
  parseEvidenceBundle,
} from "./evidence/evidence-bundle.ts";
export {
  type EvidenceFinding,
  FINDING_SENTENCES,
  type FindingId,
  type FindingVerdict,
  fillSentence,
} from "./evidence/evidence-finding.ts";
export type {
  EvidenceFacts,
  EvidenceReport,
  VerifiedManifest,
} from "./evidence/evidence-report.ts";
export { type SiteCertificate, verifySiteChain } from "./evidence/site-certificate.ts";
export type { UpdateEntry } from "./evidence/update-entry.ts";
export { verifyEvidenceBundle } from "./evidence/verify-evidence-bundle.ts";
