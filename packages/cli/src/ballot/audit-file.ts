import { resolve } from "node:path";
import { auditLog, parseAuditFile } from "@carrara/ballot";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../files.ts";
import { writeReport } from "../report.ts";
import { auditReport } from "./audit-report.ts";
import { type ChoiceOptions, choiceNames } from "./choice-names.ts";
import { type TrustOptions, trustedLog } from "./trusted-log.ts";

/** Audits the log of an audit file offline and writes what was found. */
export async function auditFile(
  context: CommandContext,
  file: string,
  given: TrustOptions & ChoiceOptions,
): Promise<void> {
  const { io, options } = context;
  const audited = parseAuditFile(await readText(resolve(io.cwd, file)));
  const names = await choiceNames(context, given);
  const log = await trustedLog(context, given);
  writeReport(io, options, auditReport(await auditLog({ ...audited, ...log }), log, names));
}
