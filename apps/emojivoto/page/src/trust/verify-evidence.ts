import {
  type EvidenceReport,
  parseEvidenceBundle,
  verifyEvidenceBundle,
} from "@carrara/client/evidence";
import { fromHex } from "@carrara/encoding";

/** Evidence that was verified in this browser. */
export interface VerifiedEvidence {
  readonly report: EvidenceReport;
  /** The bundle as it came. */
  readonly bundle: string;
  readonly at: Date;
}

/**
 * Verifies an evidence bundle. The page accepts any Coordinator program, simulated ones too, and says
 * which: it cannot know what the voter expects unless `uniqueId` names it (hex). Throws
 * `EVIDENCE_BUNDLE_INVALID`.
 */
export async function verifyEvidence(
  bundle: string,
  now: Date,
  uniqueId?: string,
): Promise<VerifiedEvidence> {
  const identity =
    uniqueId === undefined
      ? undefined
      : { uniqueId: fromHex(uniqueId), productId: 0, securityVersion: 0, debug: false };
  const report = await verifyEvidenceBundle({
    bundle: parseEvidenceBundle(bundle),
    policy: { insecure: true, identity },
    now,
  });
  return { report, bundle, at: now };
}
