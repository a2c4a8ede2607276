import type { AuditReport, Tally } from "@carrara/ballot";
import { toHex } from "@carrara/encoding";
import type { Report } from "../report.ts";
import { type ChoiceNames, choiceText } from "./choice-names.ts";
import { describeLog, logLine, type TrustedLog } from "./trusted-log.ts";
import { describeCosigners, witnessLine } from "./witness-lines.ts";

/** What an audit has found, for people and for programs. */
export function auditReport(audit: AuditReport, log: TrustedLog, names: ChoiceNames): Report {
  const { newer, older, tally } = audit;
  return {
    text: [
      `${headline(log)}: the log has ${ballots(newer.size)}; ${growth(audit)}`,
      ...tallyLines(tally, newer.size, names),
      logLine(log),
      witnessLine(newer.cosignedBy, log.witnesses),
    ].join("\n"),
    ...(log.assurance === undefined ? {} : { assurance: log.assurance }),
    json: {
      result: "OK",
      size: newer.size,
      root: toHex(newer.root),
      olderSize: older?.size ?? null,
      olderRoot: older === undefined ? null : toHex(older.root),
      tally: tally === undefined ? null : describeTally(tally),
      ...describeLog(log),
      cosignedBy: describeCosigners(newer.cosignedBy),
    },
  };
}

function headline({ assurance }: TrustedLog): string {
  if (assurance === "simulation") return "OK FOR A SIMULATION";
  return assurance === "none" ? "OK FOR A MESH WITHOUT EVIDENCE" : "OK";
}

function ballots(count: number): string {
  return count === 1 ? "1 ballot" : `${count} ballots`;
}

function growth({ older, newer }: AuditReport): string {
  if (older === undefined) return "there is no earlier checkpoint to compare it with";
  if (older.size === newer.size) return "nothing was added to the earlier checkpoint or changed";
  if (older.size === 0) return "the earlier checkpoint had none";
  return `the earlier checkpoint's ${older.size} are all in it, unchanged`;
}

function tallyLines(
  tally: Tally | undefined,
  newerSize: number,
  names: ChoiceNames,
): readonly string[] {
  if (tally === undefined) return ["No tally: results may be hidden until the poll closes"];
  const { size, counted, superseded, votes } = tally;
  const of = size === newerSize ? "" : `, over the earlier ${ballots(size)}`;
  return [
    `Tally signed by the log: ${counted} counted and ${superseded} superseded add up${of}`,
    ...votes.map(({ choice, votes }) => `  ${choiceText(choice, names)}: ${votes}`),
  ];
}

function describeTally({ size, counted, superseded, votes }: Tally): object {
  return { size, counted, superseded, votes };
}
