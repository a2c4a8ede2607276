import { requireAccepted } from "./appraisal.ts";
import { appraiseEvidence } from "./appraise-evidence.ts";
import type { EvidencePolicy } from "./evidence-policy.ts";
import {
  createEvidenceVerifier,
  type EvidenceVerification,
  type VerifiedEvidence,
} from "./evidence-verifier.ts";

/** Input of {@link attest}: what is verified, and what is accepted of it. */
export interface Attestation extends EvidenceVerification {
  /** The caller's own; evidence of a TEE that it says nothing about is refused. */
  readonly policy: EvidencePolicy;
}

/**
 * The main entry of this library: verifies evidence and appraises it, and gives it back only when
 * the policy accepts it (specification section 2.1). Throws AttestationError, whose code is a
 * `POLICY_…` for evidence that is genuine and not welcome, and another one for evidence that is not
 * shown to be genuine.
 *
 * A simulation is accepted only when its anchor is among `anchors` and the policy of its TEE says
 * `acceptSimulation`, both in the same call; the result then says `assurance: "simulation"`.
 *
 * Nothing is remembered from one call to the next: who verifies much keeps a verifier of
 * `createEvidenceVerifier`, and calls `appraiseEvidence` and `requireAccepted`.
 */
export async function attest({ policy, ...input }: Attestation): Promise<VerifiedEvidence> {
  const verified = await createEvidenceVerifier().verify(input);
  requireAccepted(appraiseEvidence(verified, policy));
  return verified;
}
