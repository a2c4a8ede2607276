import type { JsonFields } from "./json-fields.ts";
import { type LevelStatus, parseLevelStatus } from "./tcb-status.ts";

/** What signed collateral says about a level, whatever the level is of. */
export interface LevelStanding {
  readonly date: Date;
  readonly status: LevelStatus;
  readonly advisoryIds: readonly string[];
}

/** Date, status and advisories, which all levels have; nothing else may be left. */
export function readLevelStanding(fields: JsonFields): LevelStanding {
  const date = fields.date("tcbDate");
  const status = parseLevelStatus(fields.text("tcbStatus"));
  const advisoryIds = fields.optionalTexts("advisoryIDs");
  fields.end();
  return { date, status, advisoryIds };
}
