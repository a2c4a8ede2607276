import { JsonFields } from "./json-fields.ts";
import { type LevelStanding, readLevelStanding } from "./level-standing.ts";
import { type StrictJson, StrictJsonError } from "./strict-json.ts";

/** A TCB level of one piece of software, the quoting enclave or a TDX module. */
export interface EnclaveLevel extends LevelStanding {
  readonly isvSvn: number;
}

/** The member `tcbLevels` of an identity, best first. Throws StrictJsonError. */
export function readEnclaveLevels(fields: JsonFields): readonly EnclaveLevel[] {
  const levels = fields
    .list("tcbLevels")
    .map(readEnclaveLevel)
    .sort((a, b) => b.isvSvn - a.isvSvn);
  if (levels.length === 0) throw new StrictJsonError("no tcb level");
  if (new Set(levels.map(({ isvSvn }) => isvSvn)).size !== levels.length) {
    throw new StrictJsonError("two equal tcb levels");
  }
  return levels;
}

function readEnclaveLevel(value: StrictJson): EnclaveLevel {
  const fields = new JsonFields(value);
  const tcb = new JsonFields(fields.take("tcb"));
  const isvSvn = tcb.integer("isvsvn", 0xffff);
  tcb.end();
  return { isvSvn, ...readLevelStanding(fields) };
}

/** The first level that `isvSvn` reaches. */
export function enclaveLevel(
  levels: readonly EnclaveLevel[],
  isvSvn: number,
): EnclaveLevel | undefined {
  return levels.find((level) => isvSvn >= level.isvSvn);
}
