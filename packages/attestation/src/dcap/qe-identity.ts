import { equalBytes } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import { JsonFields } from "./json-fields.ts";
import type { SgxReportBody } from "./report-body.ts";
import { readingJson } from "./signed-json.ts";
import { type StrictJson, StrictJsonError } from "./strict-json.ts";
import { readLevelStatus, type TcbLevel } from "./tcb-info.ts";

/** One TCB level of the quoting enclave. */
export interface QeLevel extends Pick<TcbLevel, "date" | "status" | "advisoryIds"> {
  readonly isvSvn: number;
}

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
  readonly levels: readonly QeLevel[];
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
      levels: fields
        .list("tcbLevels")
        .map(readLevel)
        .sort((a, b) => b.isvSvn - a.isvSvn),
    };
    fields.end();
    const { levels } = identity;
    if (levels.length === 0) throw new StrictJsonError("no tcb level");
    if (new Set(levels.map(({ isvSvn }) => isvSvn)).size !== levels.length) {
      throw new StrictJsonError("two equal tcb levels");
    }
    return identity;
  });
}

function readLevel(value: StrictJson): QeLevel {
  const fields = new JsonFields(value);
  const tcb = new JsonFields(fields.take("tcb"));
  const isvSvn = tcb.integer("isvsvn", 0xffff);
  tcb.end();
  return { isvSvn, ...readLevelStatus(fields) };
}

function masked(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => byte & (mask[i] ?? 0));
}

/**
 * Checks the quoting enclave's report against the identity and gives its level (section 2.3 step
 * 11). Throws `QE_IDENTITY_MISMATCH`, `QE_TCB_NOT_SUPPORTED`.
 */
export function quotingEnclaveLevel(identity: QeIdentity, report: SgxReportBody): QeLevel {
  const fits =
    equalBytes(masked(report.miscSelect, identity.miscSelectMask), identity.miscSelect) &&
    equalBytes(masked(report.attributes, identity.attributesMask), identity.attributes) &&
    equalBytes(report.mrSigner, identity.mrSigner) &&
    report.isvProdId === identity.isvProdId &&
    !report.debug;
  if (!fits) {
    throw new AttestationError("QE_IDENTITY_MISMATCH", "the quoting enclave is not the one named");
  }
  const level = identity.levels.find(({ isvSvn }) => report.isvSvn >= isvSvn);
  if (level !== undefined) return level;
  throw new AttestationError("QE_TCB_NOT_SUPPORTED", "the quoting enclave reaches no known level");
}
