import {
  type AppraisalViolation,
  AttestationError,
  earEvidenceOf,
  requireAccepted,
  toEar,
} from "@carrara/attestation";
import { EncodingError } from "@carrara/encoding";
import { PkiError } from "@carrara/pki";
import pc from "picocolors";
import { showAssurance } from "../assurance.ts";
import type { CliIo } from "../cli-io.ts";
import { printable } from "../printable.ts";
import { type Report, writeReport } from "../report.ts";
import { VERSION } from "../version.ts";
import { describeVerdict, statusText, warningsOf } from "./describe-verdict.ts";
import {
  appraise,
  deviationsOf,
  type EffectivePolicy,
  type Expectations,
  expectationsOf,
} from "./effective-policy.ts";
import { partsToJson } from "./facts.ts";
import type { RecognisedFile } from "./recognise-file.ts";
import { renderParts } from "./render-parts.ts";
import { type FileVerification, type VerifiedFile, verifyFile } from "./verify-file.ts";

/** What is verified, by whose rules, and how the result is written. */
export interface EvidenceVerdictInput {
  readonly file: RecognisedFile;
  readonly verification: FileVerification;
  readonly policy: EffectivePolicy;
  /** For EARs. */
  readonly nonce: Uint8Array | undefined;
  readonly output: "text" | "json" | "ear";
}

interface Verdict extends VerifiedFile {
  readonly violations: readonly AppraisalViolation[];
}

/**
 * Verifies and appraises, writes the verdict, and throws unless evidence was accepted: an
 * AttestationError with the exact code, whose document is then written already.
 */
export async function verifyEvidence(io: CliIo, input: EvidenceVerdictInput): Promise<void> {
  const found = await refusing(
    io,
    input.output,
    async () => await verifyFile(input.file, input.verification),
  );
  const violations = appraise(found.verified, input.policy);
  const verdict: Verdict = { ...found, violations };
  showAssurance(io, verdict.verified.assurance);
  if (input.output === "ear") io.stdout(`${printable(JSON.stringify(earOf(verdict, input)))}\n`);
  else writeReport(io, { json: input.output === "json" }, await reportOf(io, verdict, input));
  requireAccepted(violations);
}

/** Does `work`, and writes it as a verdict when it finds evidence that is not genuine. */
export async function refusing<T>(
  io: CliIo,
  output: EvidenceVerdictInput["output"],
  work: () => Promise<T> | T,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const error = asRefusal(cause);
    if (error instanceof AttestationError && output !== "ear") {
      const { code, message } = error;
      writeReport(
        io,
        { json: output === "json" },
        {
          text: colored(io, "red", `NOT TRUSTED: ${code}`),
          json: { verdict: "refused", verified: false, error: { code, message } },
        },
      );
    }
    throw error;
  }
}

/** Certificates inside evidence that cannot be read are no reason to trust it. */
function asRefusal(cause: unknown): unknown {
  if (!(cause instanceof PkiError || cause instanceof EncodingError)) return cause;
  return new AttestationError("CERT_MALFORMED", cause.message, { cause });
}

async function reportOf(io: CliIo, verdict: Verdict, input: EvidenceVerdictInput): Promise<Report> {
  const { verified, rootHolder, violations } = verdict;
  const { policy } = input;
  const [first] = violations;
  const expected = expectationsOf(verdict, policy);
  const parts = await describeVerdict({
    verified,
    rootHolder,
    violations,
    checks: {
      evidence: "signature, certificates and endorsements verify",
      ...verdict.checks,
      collateral: input.verification.source.name,
      policy: policy.file ?? "the default one",
      expectedMeasurement: expectedText(expected.measurement, verified.tee),
      expectedReportData: expectedText(expected.reportData, verified.tee),
      appraisal: violations.length === 0 ? "accepted" : `refused: ${codesOf(violations)}`,
    },
  });
  const { platform, ...json } = partsToJson(parts.filter(({ key }) => key !== "violations"));
  return {
    text: [
      headline(io, verdict),
      ...remarks(expected, policy),
      "",
      renderParts(parts, io.color),
    ].join("\n"),
    assurance: verified.assurance,
    json: {
      verdict: violations.length === 0 ? "accepted" : "refused",
      verified: true,
      tee: verified.tee,
      status: verified.tee === "snp" ? null : verified.status,
      policyId: policy.id,
      expected,
      violations,
      // As of every failure, beside all that led to it.
      ...(first === undefined ? {} : { error: { code: first.code, message: first.message } }),
      platform,
      ...json,
    },
  };
}

function expectedText(expected: string, tee: string): string {
  return expected === "nothing" ? `nothing for ${tee}` : expected;
}

function headline(io: CliIo, { verified, violations }: Verdict): string {
  const what = `${verified.tee.toUpperCase()} evidence`;
  if (violations.length > 0) return colored(io, "red", `NOT TRUSTED: ${codesOf(violations)}`);
  const status = statusText(verified);
  if (verified.assurance === "hardware") {
    return colored(io, "green", `ACCEPTED: genuine ${what}, ${status}`);
  }
  return colored(io, "yellow", `ACCEPTED AS A SIMULATION: ${what}, ${status}`);
}

function codesOf(violations: readonly AppraisalViolation[]): string {
  return [...new Set(violations.map(({ code }) => code))].join(", ");
}

/** Genuine hardware says nothing about the code in it: somebody must have said what is expected. */
function remarks({ measurement, reportData }: Expectations, policy: EffectivePolicy): string[] {
  const open = [
    ...(measurement === "any" ? ["which code is expected"] : []),
    ...(reportData === "any" ? ["what it should speak of (report data)"] : []),
  ];
  if (open.length === 0) return [];
  const hint = policy.file === undefined ? "; name it with --policy" : "";
  return [`Nobody said ${open.join(" or ")}: any is accepted${hint}`];
}

function colored(io: CliIo, color: "red" | "green" | "yellow", text: string): string {
  const colors = pc.createColors(io.color);
  return colors.bold(colors[color](text));
}

/** The verdict as the claims of an attestation result, not signed. */
function earOf(verdict: Verdict, { policy, nonce }: EvidenceVerdictInput): object {
  const { verified, violations } = verdict;
  const expiresAt = verified.tee === "snp" ? verified.validUntil : verified.collateral.validUntil;
  const expected = expectationsOf(verdict, policy);
  const evidence = earEvidenceOf(verified);
  const known = evidence.warnings ?? [];
  const remarks = Object.keys(warningsOf(verified)).filter((code) => !known.includes(code));
  return toEar({
    developer: "carrara",
    build: `carrara ${VERSION}`,
    subjects: new Map([
      [
        verified.tee,
        {
          evidence: { ...evidence, remarks },
          violations,
          measurement: expected.measurement === "named" ? "listed" : "unlisted",
          deviations: deviationsOf(verified, violations),
          policyId: policy.id,
        },
      ],
    ]),
    issuedAt: verified.verifiedAt,
    expiresAt,
    ...(nonce === undefined ? {} : { nonce }),
  });
}
