import { resolve } from "node:path";
import {
  type AuditReport,
  auditLog,
  type CheckedReceipt,
  checkReceipt,
  parseReceipt,
  type Receipt,
} from "@carrara/ballot";
import { toHex } from "@carrara/encoding";
import { parseCheckpoint, parseNote } from "@carrara/transparency";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../files.ts";
import { type Report, writeReport } from "../report.ts";
import { ballotCodeText } from "./ballot-code.ts";
import { parseConsistency } from "./consistency-file.ts";
import {
  describeLog,
  logLine,
  type TrustedLog,
  type TrustOptions,
  trustedLog,
} from "./trusted-log.ts";
import { describeCosigners, witnessLine } from "./witness-lines.ts";

/** Options of `ballot check`. */
export interface CheckOptions extends TrustOptions {
  readonly checkpoint?: string;
  readonly consistency?: string;
}

/** Checks the receipt in `file` offline and writes what it proves. */
export async function checkReceiptFile(
  context: CommandContext,
  file: string,
  given: CheckOptions,
): Promise<void> {
  const { io, options } = context;
  const receipt = parseReceipt(await readText(resolve(io.cwd, file)));
  const log = await trustedLog(context, given, receipt.logKey);
  const later = await laterCheckpoint(context, receipt, log, given);
  // Witnesses speak of the latest checkpoint: all that the log was before is in it.
  const trust = later === undefined ? log : { logKey: log.logKey };
  const checked = await checkReceipt(receipt, trust);
  writeReport(io, options, reportOf({ receipt, log, checked, later }));
}

async function laterCheckpoint(
  { io }: CommandContext,
  receipt: Receipt,
  log: TrustedLog,
  { checkpoint, consistency }: CheckOptions,
): Promise<AuditReport | undefined> {
  if (checkpoint === undefined) return undefined;
  const newer = await readText(resolve(io.cwd, checkpoint));
  requireLater(receipt.proof.checkpoint, newer);
  const proof =
    consistency === undefined ? [] : parseConsistency(await readText(resolve(io.cwd, consistency)));
  return await auditLog({ ...log, older: receipt.proof.checkpoint, newer, consistency: proof });
}

/** Not the log shrank but the files were given the wrong way round, as far as can be told. */
function requireLater(receiptNote: string, laterNote: string): void {
  const [before, after] = [receiptNote, laterNote].map(
    (note) => parseCheckpoint(parseNote(note).text).size,
  );
  if (before === undefined || after === undefined || before <= after) return;
  throw new CliError(
    "CHECKPOINT_EARLIER",
    `the checkpoint has ${after} ballots, fewer than the receipt's ${before}: a later one is needed`,
  );
}

interface Checked {
  readonly receipt: Receipt;
  readonly log: TrustedLog;
  readonly checked: CheckedReceipt;
  readonly later: AuditReport | undefined;
}

function reportOf({ receipt, log, checked, later }: Checked): Report {
  const { poll, index, size, root } = checked;
  const code = toHex(receipt.commitment);
  const { cosignedBy } = later?.newer ?? checked;
  const grown = later === undefined ? [] : [`Still there when the log had ${later.newer.size}`];
  return {
    text: [
      `${headline(log)}: it is number ${index + 1} of ${size} in the poll ${poll}`,
      `Ballot code: ${ballotCodeText(receipt.commitment)}`,
      ...grown,
      logLine(log),
      witnessLine(cosignedBy, log.witnesses),
    ].join("\n"),
    ...(log.assurance === undefined ? {} : { assurance: log.assurance }),
    json: {
      result: "IN THE LOG",
      poll,
      commitment: code,
      index,
      size,
      root: toHex(root),
      laterSize: later?.newer.size ?? null,
      laterRoot: later === undefined ? null : toHex(later.newer.root),
      ...describeLog(log),
      cosignedBy: describeCosigners(cosignedBy),
    },
  };
}

/** Nothing lets a simulation, or a claim, read like the real thing. */
function headline({ source, assurance }: TrustedLog): string {
  if (source === "claim") return "IN THE LOG THAT THE RECEIPT NAMES ITSELF";
  if (assurance === "simulation") return "IN THE LOG OF A SIMULATION";
  return assurance === "none" ? "IN THE LOG OF A MESH WITHOUT EVIDENCE" : "IN THE LOG";
}
