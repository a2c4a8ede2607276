import { toHex } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import { JsonFields } from "./json-fields.ts";
import { readingJson } from "./signed-json.ts";
import { type StrictJson, StrictJsonError } from "./strict-json.ts";
import { parseTcbStatus, type TcbStatus } from "./tcb-status.ts";

/** One TCB level for a platform, or for an enclave when it has no components. */
export interface TcbLevel {
  /** 16 SVNs */
  readonly components: readonly number[];
  readonly pceSvn: number;
  readonly date: Date;
  readonly status: TcbStatus;
  readonly advisoryIds: readonly string[];
}

/** TCB info of version 3 for an SGX platform family; levels best first, as Intel sorts them. */
export interface TcbInfo {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  /** Lower-case hex. */
  readonly fmspc: string;
  readonly pceId: string;
  readonly evaluationDataNumber: number;
  readonly levels: readonly TcbLevel[];
}

/**
 * Reads a verified TCB info. Throws `TCB_INFO_MALFORMED`, `TCB_INFO_UNSUPPORTED_VERSION`, and
 * `TCB_INFO_MISMATCH` for one of another technology, whose levels have another form.
 */
export function readTcbInfo(fields: JsonFields): TcbInfo {
  return readingJson("TCB_INFO_MALFORMED", () => {
    const version = fields.integer("version", 0xffff);
    if (version !== 3) {
      throw new AttestationError(
        "TCB_INFO_UNSUPPORTED_VERSION",
        `tcb info version is ${version}, 3 needed`,
      );
    }
    const id = fields.text("id");
    if (id !== "SGX") throw new AttestationError("TCB_INFO_MISMATCH", "tcb info is not about sgx");
    const issueDate = fields.date("issueDate");
    const nextUpdate = fields.date("nextUpdate");
    const fmspc = toHex(fields.hex("fmspc", 6));
    const pceId = toHex(fields.hex("pceId", 2));
    if (fields.integer("tcbType", 0xff) !== 0) throw new StrictJsonError("tcb type is not 0");
    const evaluationDataNumber = fields.integer("tcbEvaluationDataNumber", 0xffff_ffff);
    const levels = fields.list("tcbLevels").map(readLevel).sort(compareLevels);
    if (levels.length === 0) throw new StrictJsonError("no tcb level");
    if (levels.some((level, i) => i > 0 && compareLevels(level, levels[i - 1] ?? level) === 0)) {
      throw new StrictJsonError("two equal tcb levels");
    }
    fields.end();
    return { issueDate, nextUpdate, fmspc, pceId, evaluationDataNumber, levels };
  });
}

function readLevel(value: StrictJson): TcbLevel {
  const fields = new JsonFields(value);
  const tcb = new JsonFields(fields.take("tcb"));
  const components = tcb.list("sgxtcbcomponents").map(readComponent);
  if (components.length !== 16) throw new StrictJsonError("not 16 tcb components");
  const pceSvn = tcb.integer("pcesvn", 0xffff);
  tcb.end();
  return { components, pceSvn, ...readLevelStatus(fields) };
}

/** Date, status and advisories, which platform and enclave levels share; nothing else may be left. */
export function readLevelStatus(
  fields: JsonFields,
): Pick<TcbLevel, "date" | "status" | "advisoryIds"> {
  const date = fields.date("tcbDate");
  const status = parseTcbStatus(fields.text("tcbStatus"));
  const advisoryIds = fields.optionalTexts("advisoryIDs");
  fields.end();
  return { date, status, advisoryIds };
}

function readComponent(value: StrictJson): number {
  const fields = new JsonFields(value);
  const svn = fields.integer("svn", 0xff);
  fields.takeOptional("category");
  fields.takeOptional("type");
  fields.end();
  return svn;
}

/** Components lexicographically descending, then PCESVN descending (section 2.4). */
function compareLevels(a: TcbLevel, b: TcbLevel): number {
  for (let i = 0; i < 16; i += 1) {
    const difference = (b.components[i] ?? 0) - (a.components[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return b.pceSvn - a.pceSvn;
}

/**
 * The first level that the platform reaches in all 16 components and PCESVN.
 * Throws `TCB_LEVEL_NOT_SUPPORTED` when it reaches none.
 */
export function platformLevel(
  levels: readonly TcbLevel[],
  platform: { readonly sgxTcbComponents: readonly number[]; readonly pceSvn: number },
): TcbLevel {
  const level = levels.find(
    ({ components, pceSvn }) =>
      platform.pceSvn >= pceSvn &&
      components.every((svn, i) => (platform.sgxTcbComponents[i] ?? -1) >= svn),
  );
  if (level !== undefined) return level;
  throw new AttestationError("TCB_LEVEL_NOT_SUPPORTED", "the platform reaches no known tcb level");
}
