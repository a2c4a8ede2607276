import { equalBytes } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import { type EnclaveLevel, enclaveLevel, readEnclaveLevels } from "./enclave-level.ts";
import type { JsonFields } from "./json-fields.ts";
import type { SgxReportBody } from "./report-body.ts";
import { readingJson } from "./signed-json.ts";

/** QE identity of version 2: what a quoting enclave must look like; levels best first. */
export interface QeIdentity {
  readonly id: string;
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  readonly evaluationDataNumber: number;
  readonly miscSelect: Uint8Array;
  readonly miscSelectMask: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly levels: readonly EnclaveLevel[];
}

/** Reads a verified QE identity. Throws `QE_IDENTITY_MALFORMED`, `QE_IDENTITY_UNSUPPORTED_VERSION`. */
export function readQeIdentity(fields: JsonFields): QeIdentity {
  return readingJson("QE_IDENTITY_MALFORMED", () => {
    const version = fields.integer("version", 0xffff);
    if (version !== 2) {
      throw new AttestationError(
        "QE_IDENTITY_UNSUPPORTED_VERSION",
        `qe identity version is ${version}, 2 needed`,
      );
    }
    const identity: QeIdentity = {
      id: fields.text("id"),
      issueDate: fields.date("issueDate"),
      nextUpdate: fields.date("nextUpdate"),
      evaluationDataNumber: fields.integer("tcbEvaluationDataNumber", 0xffff_ffff),
      miscSelect: fields.hex("miscselect", 4),
      miscSelectMask: fields.hex("miscselectMask", 4),
      attributes: fields.hex("attributes", 16),
      attributesMask: fields.hex("attributesMask", 16),
      mrSigner: fields.hex("mrsigner", 32),
      isvProdId: fields.integer("isvprodid", 0xffff),
      levels: readEnclaveLevels(fields),
    };
    fields.end();
    return identity;
  });
}

function masked(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => byte & (mask[i] ?? 0));
}

/**
 * Checks the quoting enclave's report against the identity and gives its level (section 2.3 step
 * 11). Throws `QE_IDENTITY_MISMATCH`, `QE_TCB_NOT_SUPPORTED`.
 */
export function quotingEnclaveLevel(identity: QeIdentity, report: SgxReportBody): EnclaveLevel {
  const fits =
    equalBytes(masked(report.miscSelect, identity.miscSelectMask), identity.miscSelect) &&
    equalBytes(masked(report.attributes, identity.attributesMask), identity.attributes) &&
    equalBytes(report.mrSigner, identity.mrSigner) &&
    report.isvProdId === identity.isvProdId &&
    !report.debug;
  if (!fits) {
    throw new AttestationError("QE_IDENTITY_MISMATCH", "the quoting enclave is not the one named");
  }
  const level = enclaveLevel(identity.levels, report.isvSvn);
  if (level !== undefined) return level;
  throw new AttestationError("QE_TCB_NOT_SUPPORTED", "the quoting enclave reaches no known level");
}
