import { resolve } from "node:path";
import {
  type EvidenceBundle,
  type EvidenceReport,
  parseEvidenceBundle,
  verifyEvidenceBundle,
} from "@carrara/client/evidence";
import { type ResultAssurance, showAssurance } from "../assurance.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command-context.ts";
import { readText, writeOutput } from "../files.ts";
import { loadPolicy } from "../global-options.ts";

/** Verifies an evidence bundle under the options' policy, as of `at`. Throws `USAGE`. */
export async function verifyBundle(
  { io, options }: CommandContext,
  bundle: EvidenceBundle,
  at: Date = new Date(),
): Promise<EvidenceReport> {
  if (options.nonce !== undefined) {
    throw new CliError(
      "USAGE",
      "--nonce is for evidence that is made when asked, not for a bundle",
    );
  }
  const policy = await loadPolicy(io, options);
  const report = await verifyEvidenceBundle({ bundle, policy, now: at });
  const { coordinator } = report.facts;
  if (options.saveSgxQuote !== undefined && coordinator !== undefined && "quote" in coordinator) {
    await writeOutput(resolve(io.cwd, options.saveSgxQuote), coordinator.quote);
  }
  return report;
}

/** The same of a file. */
export async function verifyBundleFile(
  context: CommandContext,
  file: string,
  at?: Date,
): Promise<EvidenceReport> {
  const bundle = parseEvidenceBundle(await readText(resolve(context.io.cwd, file)));
  return await verifyBundle(context, bundle, at);
}

/**
 * Shows what a bundle's verdict rests on. Throws `EVIDENCE_REFUSED` with the first reason for one that
 * is refused.
 */
export function requireTrusted({ io }: CommandContext, report: EvidenceReport): ResultAssurance {
  if (report.verdict === "refused") throw refusalOf(report);
  const assurance = report.verdict === "unproven" ? "none" : report.verdict;
  showAssurance(io, assurance);
  return assurance;
}

function refusalOf({ findings }: EvidenceReport): CliError {
  const failed = findings.find(({ verdict }) => verdict === "failed");
  const { refusal, sentence = "nothing was found" } = failed ?? {};
  const reason = refusal === undefined ? sentence : `${refusal.code}: ${refusal.message}`;
  return new CliError("EVIDENCE_REFUSED", reason);
}
