import type {
  Endorsements,
  TcbStatus,
  TeeKind,
  TrustAnchor,
  VerificationErrorCode,
} from "@carrara/attestation";
import type { PlatformScenario } from "../platform/scenario.ts";
import type { ScenarioWorld } from "./scenario-world.ts";

/** What a verifier must say of a case. */
export type ScenarioOutcome =
  /** Of SNP there is no status. */
  | { readonly kind: "verified"; readonly status: TcbStatus | undefined }
  | { readonly kind: "refused"; readonly code: VerificationErrorCode };

/** Everything that a verification takes, and what it must come to. */
export interface ScenarioCase {
  readonly evidence: Uint8Array;
  readonly endorsements: Endorsements;
  readonly anchor: TrustAnchor;
  readonly now: Date;
  /** The evidence is one quote or one report and must have no byte behind it. */
  readonly exact: boolean;
  readonly expected: ScenarioOutcome;
}

/** One named state of a platform and its vendor, or one named forgery. */
export interface EvidenceScenario {
  /** Unique, and fit for the title of a test. */
  readonly name: string;
  readonly tee: TeeKind;
  readonly expected: ScenarioOutcome;
  /**
   * What brings a whole platform, whose clock says `now`, into this state; only for what a platform
   * can be in, since no platform forges its own evidence.
   */
  readonly platform?: (now: Date) => Partial<PlatformScenario>;
  build(world: ScenarioWorld): Promise<ScenarioCase>;
}

/** Verified evidence of this status. */
export function verifiedAs(status: TcbStatus | undefined): ScenarioOutcome {
  return { kind: "verified", status };
}

/** Evidence that is refused with this code. */
export function refusedWith(code: VerificationErrorCode): ScenarioOutcome {
  return { kind: "refused", code };
}
