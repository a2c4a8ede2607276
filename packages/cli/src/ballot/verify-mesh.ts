import { resolve } from "node:path";
import {
  type EvidenceFinding,
  type EvidenceReport,
  parseEvidenceBundle,
} from "@carrara/client/evidence";
import pc from "picocolors";
import { CliError } from "../cli-error.ts";
import type { CliIo } from "../cli-io.ts";
import type { CommandContext } from "../command-context.ts";
import { renderParts } from "../evidence/render-parts.ts";
import { readText } from "../files.ts";
import {
  type ExpectedManifest,
  loadExpectedManifest,
  requireManifest,
} from "../manifest/expected-manifest.ts";
import { printable } from "../printable.ts";
import { type Report, writeReport } from "../report.ts";
import { describeMesh, meshJson } from "./describe-mesh.ts";
import { isSiteUrl, openSite } from "./site.ts";
import { requireTrusted, verifyBundle } from "./verified-bundle.ts";
import { attestedTrust, siteEvidence } from "./verified-site.ts";

/** Options of `verify`. */
export interface VerifyOptions {
  readonly at?: Date;
  readonly manifest?: string;
}

/**
 * Verifies what a site, or a bundle in a file, says of its mesh and writes all that was found. Throws
 * `EVIDENCE_REFUSED`, `MANIFEST_MISMATCH` after that; `TLS_NOT_TRUSTED` before for a site of another mesh.
 */
export async function verifyMesh(
  context: CommandContext,
  source: string,
  { at, manifest }: VerifyOptions,
): Promise<void> {
  const expected =
    manifest === undefined ? undefined : await loadExpectedManifest(context, manifest);
  const report = await reportOn(context, source, at);
  const mismatch = expected === undefined ? undefined : mismatchOf(expected, report);
  writeReport(context.io, context.options, textAndJson(context.io, report, mismatch));
  requireTrusted(context, report);
  if (mismatch !== undefined) throw mismatch;
}

async function reportOn(
  context: CommandContext,
  source: string,
  at: Date | undefined,
): Promise<EvidenceReport> {
  const { io } = context;
  if (isSiteUrl(source)) {
    if (at !== undefined) throw new CliError("USAGE", "--at is for a bundle in a file");
    const site = openSite(source, io.signal);
    const { report } = await siteEvidence(context, site);
    // Anybody can hand on a bundle: that the way to this site ends in that mesh, only TLS can show.
    if (report.verdict !== "refused") {
      await site.getText("/api/v2/ballot/checkpoint", attestedTrust(report));
    }
    return report;
  }
  if (/^[a-z0-9.-]+:[0-9]{1,5}$/i.test(source)) {
    throw new CliError("USAGE", `a site is given as https://${source}`);
  }
  const bundle = parseEvidenceBundle(await readText(resolve(io.cwd, source)));
  return await verifyBundle(context, bundle, at);
}

/** Why the manifest in force is not the one that was expected; undefined where it is. */
function mismatchOf(
  expected: ExpectedManifest,
  { facts: { manifest } }: EvidenceReport,
): CliError | undefined {
  try {
    requireManifest(expected, manifest ?? { fingerprint: "none", bytes: new Uint8Array(0) });
    return undefined;
  } catch (cause) {
    if (cause instanceof CliError) return cause;
    throw cause;
  }
}

function textAndJson(io: CliIo, report: EvidenceReport, mismatch: CliError | undefined): Report {
  const parts = describeMesh(report);
  const { findings } = report;
  const verdict = mismatch === undefined ? report.verdict : "refused";
  const failed = findings.find(({ refusal }) => refusal !== undefined)?.refusal ?? mismatch;
  const found = findings.map((finding) => findingLine(io, finding));
  return {
    text: [headline(io, verdict), "", ...found, "", renderParts(parts, io.color)]
      .join("\n")
      .trimEnd(),
    ...(verdict === "refused" ? {} : { assurance: verdict === "unproven" ? "none" : verdict }),
    json: {
      verdict,
      findings: findings.map(({ id, verdict: each, sentence, refusal }) => ({
        id,
        verdict: each,
        sentence,
        ...(refusal === undefined ? {} : { refusal }),
      })),
      ...(failed === undefined ? {} : { error: { code: failed.code, message: failed.message } }),
      ...meshJson(report),
    },
  };
}

/** Never green for what no hardware protects. */
function headline(io: CliIo, verdict: EvidenceReport["verdict"]): string {
  const { bold, green, red, yellow } = pc.createColors(io.color);
  switch (verdict) {
    case "hardware":
      return bold(
        green("VERIFIED: the Coordinator runs in genuine hardware and vouches for all below"),
      );
    case "simulation":
      return bold(yellow("VERIFIED AS A SIMULATION: nothing here is protected by hardware"));
    case "unproven":
      return bold(yellow("NOT ATTESTED: the Coordinator sent no evidence"));
    case "refused":
      return bold(red("NOT TRUSTED"));
  }
}

const MARKS = { ok: "ok  ", warning: "note", failed: "FAIL" } as const;

function findingLine(io: CliIo, { verdict, sentence, refusal }: EvidenceFinding): string {
  const colors = pc.createColors(io.color);
  const color = { ok: colors.dim, warning: colors.yellow, failed: colors.red }[verdict];
  const reason = refusal === undefined ? "" : ` (${refusal.code}: ${refusal.message})`;
  return `${color(MARKS[verdict])} ${printable(`${sentence}${reason}`)}`;
}
