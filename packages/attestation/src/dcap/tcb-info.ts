import { toHex } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import { JsonFields } from "./json-fields.ts";
import { type LevelStanding, readLevelStanding } from "./level-standing.ts";
import { readingJson } from "./signed-json.ts";
import { type StrictJson, StrictJsonError } from "./strict-json.ts";
import { readTdxModules, type TdxModules } from "./tdx-module.ts";

/** A TCB level of a platform family. */
export interface TcbLevel extends LevelStanding {
  /** 16 SVNs. */
  readonly components: readonly number[];
  readonly pceSvn: number;
  /** 16 SVNs; empty for SGX. */
  readonly tdxComponents: readonly number[];
}

/** TCB info of version 3 for a platform family; levels best first, as Intel sorts them. */
export interface TcbInfo {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  /** Lower-case hex. */
  readonly fmspc: string;
  readonly pceId: string;
  readonly evaluationDataNumber: number;
  readonly levels: readonly TcbLevel[];
  /** TDX only. */
  readonly tdxModules?: TdxModules;
}

/** A TEE that has TCB infos, by the name they use. */
export type DcapTee = "sgx" | "tdx";

/**
 * Reads a verified TCB info for `tee`. Throws `TCB_INFO_MALFORMED`, `TCB_INFO_UNSUPPORTED_VERSION`,
 * and `TCB_INFO_MISMATCH` for one of another technology, whose levels have another form.
 */
export function readTcbInfo(fields: JsonFields, tee: DcapTee): TcbInfo {
  return readingJson("TCB_INFO_MALFORMED", () => {
    const version = fields.integer("version", 0xffff);
    if (version !== 3) {
      throw new AttestationError(
        "TCB_INFO_UNSUPPORTED_VERSION",
        `tcb info version is ${version}, 3 needed`,
      );
    }
    if (fields.text("id") !== tee.toUpperCase()) {
      throw new AttestationError("TCB_INFO_MISMATCH", `tcb info is not about ${tee}`);
    }
    const issueDate = fields.date("issueDate");
    const nextUpdate = fields.date("nextUpdate");
    const fmspc = toHex(fields.hex("fmspc", 6));
    const pceId = toHex(fields.hex("pceId", 2));
    if (fields.integer("tcbType", 0xff) !== 0) throw new StrictJsonError("tcb type is not 0");
    const evaluationDataNumber = fields.integer("tcbEvaluationDataNumber", 0xffff_ffff);
    const modules = tee === "tdx" ? { tdxModules: readTdxModules(fields) } : {};
    const levels = readLevels(fields, tee);
    fields.end();
    return { issueDate, nextUpdate, fmspc, pceId, evaluationDataNumber, levels, ...modules };
  });
}

function readLevels(fields: JsonFields, tee: DcapTee): TcbLevel[] {
  const levels = fields
    .list("tcbLevels")
    .map((value) => readLevel(value, tee))
    .sort(compareLevels);
  if (levels.length === 0) throw new StrictJsonError("no tcb level");
  if (levels.some((level, i) => i > 0 && compareLevels(level, levels[i - 1] ?? level) === 0)) {
    throw new StrictJsonError("two equal tcb levels");
  }
  return levels;
}

function readLevel(value: StrictJson, tee: DcapTee): TcbLevel {
  const fields = new JsonFields(value);
  const tcb = new JsonFields(fields.take("tcb"));
  const components = readComponents(tcb, "sgxtcbcomponents");
  const pceSvn = tcb.integer("pcesvn", 0xffff);
  const tdxComponents = tee === "tdx" ? readComponents(tcb, "tdxtcbcomponents") : [];
  tcb.end();
  return { components, pceSvn, tdxComponents, ...readLevelStanding(fields) };
}

function readComponents(tcb: JsonFields, name: string): readonly number[] {
  const components = tcb.list(name).map((value) => {
    const fields = new JsonFields(value);
    const svn = fields.integer("svn", 0xff);
    fields.takeOptional("category");
    fields.takeOptional("type");
    fields.end();
    return svn;
  });
  if (components.length !== 16) throw new StrictJsonError("not 16 tcb components");
  return components;
}

/** SGX components descending, then PCESVN, then TDX components (section 2.4). */
function compareLevels(a: TcbLevel, b: TcbLevel): number {
  return (
    compareComponents(a.components, b.components) ||
    b.pceSvn - a.pceSvn ||
    compareComponents(a.tdxComponents, b.tdxComponents)
  );
}

function compareComponents(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length; i += 1) {
    const difference = (b[i] ?? 0) - (a[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What a platform is compared with levels by. */
export interface PlatformTcb {
  readonly sgxTcbComponents: readonly number[];
  readonly pceSvn: number;
}

/**
 * The first level that the platform reaches in all 16 components and PCESVN and, for TDX, in the
 * SVNs of `teeTcbSvn`. From module version 1 on its first two bytes are judged by the module's own
 * identity instead. Throws `TCB_LEVEL_NOT_SUPPORTED` when the platform reaches none.
 */
export function platformLevel(
  levels: readonly TcbLevel[],
  platform: PlatformTcb,
  teeTcbSvn?: Uint8Array,
): TcbLevel {
  const from = (teeTcbSvn?.[1] ?? 0) > 0 ? 2 : 0;
  const level = levels.find(
    ({ components, pceSvn, tdxComponents }) =>
      platform.pceSvn >= pceSvn &&
      components.every((svn, i) => (platform.sgxTcbComponents[i] ?? -1) >= svn) &&
      tdxComponents.every((svn, i) => i < from || (teeTcbSvn?.[i] ?? -1) >= svn),
  );
  if (level !== undefined) return level;
  throw new AttestationError("TCB_LEVEL_NOT_SUPPORTED", "the platform reaches no known tcb level");
}
