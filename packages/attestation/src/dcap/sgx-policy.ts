import { equalBytes } from "@carrara/encoding";
import type { Appraisal, AppraisalViolation } from "../appraisal.ts";
import { appraiseDcap, type DcapPolicy } from "./dcap-policy.ts";
import type { VerifiedSgxQuote } from "./verified-quote.ts";

/**
 * Which code may have made the evidence. A signer alone is not enough: it would accept every old
 * version and every other product of that signer (specification section 2.5).
 */
export type SgxMeasurementPolicy =
  | { readonly mrEnclave: Uint8Array }
  | { readonly mrSigner: Uint8Array; readonly isvProdId: number; readonly minIsvSvn: number }
  | "any";

/** What genuine SGX evidence must say to be accepted. What is left out has the strict default. */
export interface SgxPolicy extends DcapPolicy {
  readonly measurement: SgxMeasurementPolicy;
  /** Bits of ATTRIBUTES that must have a value, 16 bytes each; undefined looks at DEBUG only. */
  readonly attributes?: { readonly value: Uint8Array; readonly mask: Uint8Array };
}

/** Appraises verified evidence; an empty list accepts it. All violations are listed, not the first only. */
export function appraiseSgx(verified: VerifiedSgxQuote, policy: SgxPolicy): AppraisalViolation[] {
  const appraisal = appraiseDcap(verified, policy);
  const { value, mask } = policy.attributes ?? {};
  appraisal.refuseIf(
    value !== undefined && !fitsMask(verified.body.attributes, value, mask),
    "POLICY_SGX_ATTRIBUTES",
    "attributes are not what was expected",
  );
  appraiseMeasurement(verified, policy.measurement, appraisal);
  return appraisal.violations;
}

/** A mask of another length than the value compares nothing that could be meant: it does not fit. */
function fitsMask(bytes: Uint8Array, value: Uint8Array, mask: Uint8Array | undefined): boolean {
  if (value.length !== bytes.length || mask?.length !== bytes.length) return false;
  return bytes.every((byte, i) => ((byte ^ (value[i] ?? 0)) & (mask[i] ?? 0)) === 0);
}

function appraiseMeasurement(
  { body }: VerifiedSgxQuote,
  measurement: SgxMeasurementPolicy,
  { refuseIf }: Appraisal,
): void {
  if (measurement === "any") return;
  if ("mrEnclave" in measurement) {
    const same = equalBytes(body.mrEnclave, measurement.mrEnclave);
    refuseIf(!same, "POLICY_MRENCLAVE", "the measurement is another one");
    return;
  }
  const { mrSigner, isvProdId, minIsvSvn } = measurement;
  refuseIf(!equalBytes(body.mrSigner, mrSigner), "POLICY_MRSIGNER", "the signer is another one");
  refuseIf(
    body.isvProdId !== isvProdId,
    "POLICY_ISV_PROD_ID",
    `product id is ${body.isvProdId}, ${isvProdId} needed`,
  );
  // Not `<`: a bound that is missing in untyped code must refuse, not accept.
  refuseIf(
    !(body.isvSvn >= minIsvSvn),
    "POLICY_ISV_SVN",
    `security version is ${body.isvSvn}, at least ${minIsvSvn} needed`,
  );
}
