import { relative, resolve } from "node:path";
import {
  type Audited,
  type AuditReport,
  auditLog,
  BallotError,
  parseReceipt,
} from "@carrara/ballot";
import { parseCheckpoint, parseNote, TransparencyError } from "@carrara/transparency";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readText } from "../files.ts";
import { writeReport } from "../report.ts";
import { auditReport } from "./audit-report.ts";
import {
  type FetchedFiles,
  keepFetched,
  keepRefused,
  pinnedCheckpoint,
} from "./ballot-directory.ts";
import { type ChoiceOptions, choiceNames } from "./choice-names.ts";
import { parseConsistency } from "./consistency-file.ts";
import { openSite, type Site } from "./site.ts";
import type { TrustedLog } from "./trusted-log.ts";
import { requireTrusted } from "./verified-bundle.ts";
import { attestedTrust, type SiteEvidence, siteEvidenceOfSize } from "./verified-site.ts";

/** Options of `ballot fetch`. */
export interface FetchOptions extends ChoiceOptions {
  readonly out: string;
  readonly receipt?: string;
}

/** A proof that a tree of the size `from` became the one of the size `to`. */
type ProofSource = (from: number, to: number) => Promise<readonly Uint8Array[]>;

/**
 * Gets a poll's evidence, checkpoint and tally from its site, verifies them, and that the log only grew
 * since the last time; then keeps them in a directory. What is refused replaces nothing.
 */
export async function fetchBallotFiles(
  context: CommandContext,
  url: string,
  { out, receipt, choices }: FetchOptions,
): Promise<void> {
  const { io, options } = context;
  const dir = resolve(io.cwd, out);
  const called = await choiceNames(context, choices === undefined ? {} : { choices });
  const { audit, log, files } = await fetchVerified(
    context,
    openSite(url, io.signal),
    dir,
    receipt,
  );
  const names = await keepFetched(dir, files);
  const { text, json, ...assurance } = auditReport(audit, log, called);
  const kept = `Kept in ${relative(io.cwd, dir) || "."}: ${names.join(", ")}`;
  writeReport(io, options, {
    ...assurance,
    text: `${text}\n${kept}`,
    json: { ...json, directory: dir, files: names },
  });
}

interface Fetched {
  readonly audit: AuditReport;
  readonly log: TrustedLog;
  readonly files: FetchedFiles;
}

async function fetchVerified(
  context: CommandContext,
  site: Site,
  dir: string,
  receipt: string | undefined,
): Promise<Fetched> {
  const pinned = await pinnedCheckpoint(dir);
  const receiptSize = receipt === undefined ? undefined : await sizeOfReceipt(context, receipt);
  const known = Math.max(pinned === undefined ? 0 : sizeOf(pinned), receiptSize ?? 0);
  const found = await siteEvidenceOfSize(context, site, known);
  const log = logOf(context, found);
  const prove = proofsOf(site, found);
  const audited = await auditedOf(found, pinned, prove);
  const audit = await auditOrKeep(context, dir, { ...audited, ...log });
  const receiptProof =
    receiptSize === undefined ? undefined : await proveReceipt(receiptSize, audit, prove);
  const files = { evidence: found.text, logKey: log.logKey, audited, receiptProof };
  return { audit, log, files };
}

function proofsOf(site: Site, { report }: SiteEvidence): ProofSource {
  return async (from, to) => {
    // Nothing needs no proof; and what shrank has none.
    if (from === 0 || from >= to) return [];
    const path = `/api/v2/ballot/consistency?from=${from}&to=${to}`;
    return parseConsistency(await site.getText(path, attestedTrust(report)));
  };
}

async function proveReceipt(
  size: number,
  { newer }: AuditReport,
  prove: ProofSource,
): Promise<readonly Uint8Array[]> {
  if (size <= newer.size) return await prove(size, newer.size);
  throw new CliError(
    "CHECKPOINT_EARLIER",
    `the site's log has ${newer.size} ballots and had ${size} when the receipt was given: ask again; if it stays so, ballots were removed`,
  );
}

function logOf(context: CommandContext, { report }: SiteEvidence): TrustedLog {
  const assurance = requireTrusted(context, report);
  const [keys] = report.facts.keys;
  if (keys === undefined) throw new CliError("EVIDENCE_REFUSED", "the site tells no poll's keys");
  const { logKey, witnesses } = keys;
  return { logKey, witnesses, threshold: 0, source: "evidence", assurance };
}

async function auditedOf(
  { bundle, report }: SiteEvidence,
  older: string | undefined,
  prove: ProofSource,
): Promise<Audited> {
  const { checkpoint } = report.facts;
  if (checkpoint === undefined) {
    throw new CliError("SITE_ANSWER_INVALID", "the site has no signed checkpoint yet");
  }
  const { note: newer, size } = checkpoint;
  const tally = bundle.tally === undefined ? {} : { tally: bundle.tally };
  if (older === undefined) return { newer, ...tally };
  return { older, newer, consistency: await prove(sizeOf(older), size), ...tally };
}

async function auditOrKeep(
  { io }: CommandContext,
  dir: string,
  p: Audited & TrustedLog,
): Promise<AuditReport> {
  try {
    return await auditLog(p);
  } catch (cause) {
    if (!(cause instanceof BallotError || cause instanceof TransparencyError)) throw cause;
    const path = await keepRefused(dir, p);
    io.stderr(`What the site showed is kept in ${relative(io.cwd, path)}, for others to see\n`);
    throw cause;
  }
}

async function sizeOfReceipt({ io }: CommandContext, file: string): Promise<number> {
  const receipt = parseReceipt(await readText(resolve(io.cwd, file)));
  return sizeOf(receipt.proof.checkpoint);
}

function sizeOf(note: string): number {
  return parseCheckpoint(parseNote(note).text).size;
}
