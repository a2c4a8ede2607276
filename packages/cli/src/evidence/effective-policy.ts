import { createHash } from "node:crypto";
import {
  type AppraisalViolation,
  AttestationError,
  appraiseEvidence,
  type EvidencePolicy,
  parseEvidencePolicy,
  type TcbStatus,
  type VerifiedEvidence,
} from "@carrara/attestation";
import { equalBytes } from "@carrara/encoding";
import { CliError } from "../cli-error.ts";
import type { CliIo } from "../cli-io.ts";
import type { GlobalOptions } from "../global-options.ts";
import { printable } from "../printable.ts";
import { readEvidenceFile } from "./evidence-file.ts";
import { reportDataIn, type VerifiedFile } from "./verify-file.ts";

const REPORT_DATA_BYTES = 64;
const ANY = { measurement: "any", reportData: "any" } as const;
/** The strict defaults of the specification, with nobody expected. */
const DEFAULT_POLICY: EvidencePolicy = { sgx: ANY, tdx: ANY, snp: { ...ANY, vmpl: "any" } };

/** What is accepted, and by whose word. */
export interface EffectivePolicy {
  /** `sha256:` of the policy's file, or `default`. */
  readonly id: string;
  /** The file as it was named; undefined for the default. */
  readonly file: string | undefined;
  readonly policy: EvidencePolicy;
  /** What REPORTDATA must begin with, zeros after it. */
  readonly reportDataNonce: Uint8Array | undefined;
}

/**
 * The policy of `--policy`, else the default one with `--accepted-tcb-statuses` and
 * `--accepted-advisories`. Whether a simulation is accepted is for `--insecure` alone to say.
 * Throws `FILE_UNREADABLE`, `POLICY_INVALID`, `USAGE`.
 */
export async function loadEvidencePolicy(
  io: CliIo,
  options: GlobalOptions,
  file: string | undefined,
  reportDataNonce: Uint8Array | undefined,
): Promise<EffectivePolicy> {
  const { acceptedTcbStatuses, acceptedAdvisories } = options;
  if (file === undefined) {
    const policy = withSimulation(withAccepted(options), options.insecure);
    return { id: "default", file, policy, reportDataNonce };
  }
  if (acceptedTcbStatuses !== undefined || acceptedAdvisories !== undefined) {
    throw new CliError("USAGE", "with --policy, statuses and advisories are named in its file");
  }
  const bytes = await readEvidenceFile(io, file);
  const policy = withSimulation(parse(bytes), options.insecure);
  const id = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { id, file: printable(file), policy, reportDataNonce };
}

function parse(bytes: Uint8Array): EvidencePolicy {
  try {
    return parseEvidencePolicy(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    // A TextDecoder throws a TypeError for bytes that are no UTF-8.
    if (!(cause instanceof AttestationError || cause instanceof TypeError)) throw cause;
    const message = cause instanceof AttestationError ? cause.message : "policy: not UTF-8";
    throw new CliError("POLICY_INVALID", message, { cause });
  }
}

/** As for a Coordinator: UpToDate is accepted in any case, and no named advisory means all. */
function withAccepted({
  acceptedTcbStatuses: statuses,
  acceptedAdvisories: advisories = [],
}: GlobalOptions): EvidencePolicy {
  const accepted = {
    ...ANY,
    ...(statuses === undefined
      ? {}
      : { acceptedStatuses: ["UpToDate", ...(statuses as readonly TcbStatus[])] as const }),
    ...(advisories.length === 0 ? {} : { allowedAdvisories: advisories }),
  };
  return { ...DEFAULT_POLICY, sgx: accepted, tdx: accepted };
}

function withSimulation({ sgx, tdx, snp }: EvidencePolicy, insecure: boolean): EvidencePolicy {
  return {
    ...(sgx === undefined ? {} : { sgx: { ...sgx, acceptSimulation: insecure } }),
    ...(tdx === undefined ? {} : { tdx: { ...tdx, acceptSimulation: insecure } }),
    ...(snp === undefined ? {} : { snp: { ...snp, acceptSimulation: insecure } }),
  };
}

/** All that genuine evidence has against it; an empty list accepts it. */
export function appraise(
  verified: VerifiedEvidence,
  { policy, reportDataNonce }: EffectivePolicy,
): AppraisalViolation[] {
  const violations = appraiseEvidence(verified, policy);
  if (reportDataNonce === undefined) return violations;
  const expected = new Uint8Array(REPORT_DATA_BYTES);
  expected.set(reportDataNonce);
  if (equalBytes(reportDataIn(verified), expected)) return violations;
  const message = "report data is not the nonce and zeros after it";
  return [...violations, { code: "POLICY_NONCE", message }];
}

/** What the strict defaults refuse and the policy accepted, in words. */
export function deviationsOf(
  verified: VerifiedEvidence,
  violations: readonly AppraisalViolation[],
): string[] {
  const refused = new Set(violations.map(({ code }) => code));
  return appraiseEvidence(verified, DEFAULT_POLICY)
    .filter(({ code }) => !refused.has(code))
    .map(({ code, message }) => `${code}: ${message}`);
}

/** What is expected of evidence; `bound` is report data that speaks of what is in the same file. */
export interface Expectations {
  /** `nothing` when the policy accepts no evidence of this TEE. */
  readonly measurement: "any" | "named" | "nothing";
  readonly reportData: "any" | "bound" | "named" | "nothing";
}

/** Whether the policy says of the evidence's TEE what may run, and for whom. */
export function expectationsOf(
  { verified, isBound }: Pick<VerifiedFile, "verified" | "isBound">,
  { policy, reportDataNonce }: EffectivePolicy,
): Expectations {
  const expected = policy[verified.tee];
  if (expected === undefined) return { measurement: "nothing", reportData: "nothing" };
  const isOpen = expected.reportData === "any" && reportDataNonce === undefined;
  return {
    measurement: expected.measurement === "any" ? "any" : "named",
    reportData: isOpen ? (isBound ? "bound" : "any") : "named",
  };
}
