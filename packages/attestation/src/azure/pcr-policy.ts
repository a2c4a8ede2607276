import { equalBytes } from "@carrara/encoding";
import { type AppraisalViolation, createAppraisal } from "../appraisal.ts";
import type { VerifiedTpmQuote } from "./tpm-check.ts";

/** Values that PCRs must have, by number, or `any` written out. */
export type PcrPolicy = ReadonlyMap<number, Uint8Array> | "any";

/** Appraises verified PCRs; an empty list accepts them. Each that is missing or another is a `POLICY_PCR`. */
export function appraisePcrs(
  { pcrs }: Pick<VerifiedTpmQuote, "pcrs">,
  policy: PcrPolicy,
): AppraisalViolation[] {
  const { violations, refuseIf } = createAppraisal();
  if (policy === "any") return violations;
  for (const [index, wanted] of policy) {
    const had = pcrs.get(index);
    const message = had === undefined ? `pcr ${index} was not quoted` : `pcr ${index} is another`;
    refuseIf(had === undefined || !equalBytes(had, wanted), "POLICY_PCR", message);
  }
  return violations;
}
