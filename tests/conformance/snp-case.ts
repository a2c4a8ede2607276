import {
  AMD_ROOTS,
  AttestationError,
  appraiseSnp,
  createSimulationAnchor,
  createSnpVerifier,
  type FirmwareVersion,
  parseSnpReport,
  type SnpClaims,
  type SnpVerification,
  type TrustAnchor,
  type VekInfo,
  type VekVerification,
  type VerifiedSnpReport,
} from "@carrara/attestation";
import { equalBytes, parsePem, toHex } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import {
  type CaseContext,
  type Check,
  checkFields,
  type ExpectedVerdict,
  type IndexCase,
  type Json,
  type ReadFile,
  readText,
} from "./index-case.ts";
import { mutate } from "./mutate.ts";

/** What a case of SEV-SNP verifies. */
type SnpInput = SnpVerification & VekVerification;

/** Runs a case of kind `snp`: parsing, verification and the default policy. */
export async function runSnpCase(item: IndexCase, context: CaseContext): Promise<void> {
  const { cases, check } = context;
  const input = await loadInput(item, context);
  const outcome = await outcomeOf(createSnpVerifier().verify(input));
  const same = cases.find(({ id }) => id === item.expected.verify?.sameAs);
  if (isExpectedOutcome(outcome, item.expected.verify, check)) {
    checkVerified(outcome, same ?? item, check);
  }
  if (item.expected.claims !== undefined) checkParsed(input.report, item.expected.claims, context);
}

/** Runs a case of kind `snp-vek`: a certificate without a report. */
export async function runSnpVekCase(item: IndexCase, context: CaseContext): Promise<void> {
  const input = await loadInput(item, context);
  const outcome = await outcomeOf(createSnpVerifier().verifyVek(input));
  if (!isExpectedOutcome(outcome, item.expected.verify, context.check)) return;
  checkFields("vek", item.expected.vek ?? {}, vekJson(outcome.vek), context.check);
  const actual = { ok: true, product: outcome.product, signingKey: outcome.signingKey };
  checkFields("verify", item.expected.verify ?? {}, actual, context.check);
}

async function loadInput(item: IndexCase, { read }: CaseContext): Promise<SnpInput> {
  let input = {
    bytes: item.report === undefined ? new Uint8Array() : await read(item.report),
    collateral: undefined,
    anchor: item.trustAnchor ?? "",
    time: item.time ?? 0,
    vek: item.vek ?? "",
    chain: item.chain ?? "",
  };
  for (const mutation of item.mutate ?? []) {
    input = { ...input, ...(await mutate(input, mutation, read)), collateral: undefined };
  }
  return {
    report: input.bytes,
    vek: await read(input.vek),
    chain: input.chain === "" ? "" : await readText(read, input.chain),
    ...(input.anchor === "" ? {} : { anchors: [await readAnchor(read, input.anchor)] }),
    now: new Date(input.time * 1000),
  };
}

/** The root of a chain, which is last in its file. */
async function readAnchor(read: ReadFile, file: string): Promise<TrustAnchor> {
  const root = parsePem(await readText(read, file)).at(-1);
  if (root === undefined) throw new Error("the trust anchor's file holds no certificate");
  const { spki } = parseCertificate(root.bytes);
  return (
    AMD_ROOTS.find((anchor) => equalBytes(anchor.spki, spki)) ?? createSimulationAnchor(root.bytes)
  );
}

async function outcomeOf<T>(work: Promise<T>): Promise<T | AttestationError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AttestationError) return error;
    throw error;
  }
}

/** Compares the verdict; true when evidence was accepted, and ought to be. */
function isExpectedOutcome<T extends object>(
  outcome: T | AttestationError,
  verdict: ExpectedVerdict | undefined,
  check: Check,
): outcome is Exclude<T, AttestationError> {
  const refusal = outcome instanceof AttestationError ? outcome : undefined;
  if (verdict?.ok !== true) {
    const codes = verdict?.errorAnyOf ?? [];
    const actual = refusal?.code ?? "accepted";
    if (!codes.includes(actual)) check("verify", codes, actual);
    return false;
  }
  if (refusal !== undefined) check("verify", "accepted", `${refusal.code}: ${refusal.message}`);
  return refusal === undefined;
}

function checkVerified(verified: VerifiedSnpReport, item: IndexCase, check: Check): void {
  const { expected } = item;
  checkFields("claims", expected.claims ?? {}, claimsJson(verified.claims), check);
  checkFields("vek", expected.vek ?? {}, vekJson(verified.vek), check);
  check("warnings", expected.warnings ?? [], verified.warnings);
  check(
    "assurance",
    item.trustAnchor === undefined ? "hardware" : "simulation",
    verified.assurance,
  );
  const actual = { ok: true, product: verified.product, signingKey: verified.signingKey };
  checkFields("verify", expected.verify ?? {}, actual, check);
  if (expected.defaultPolicy === undefined) return;
  const policy = { measurement: "any", reportData: "any", vmpl: "any" } as const;
  const codes = appraiseSnp(verified, policy).map(({ code }) => code);
  check("defaultPolicy.accept", expected.defaultPolicy.accept, codes.length === 0);
  const violations = [...(expected.defaultPolicy.violations ?? [])];
  check("defaultPolicy.violations", violations.sort(), codes.sort());
}

/** What parsing alone gives; and build(parse(real)) = real (specification section 8.6). */
function checkParsed(bytes: Uint8Array, expected: Json, { check, encoders }: CaseContext): void {
  const report = parseSnpReport(bytes);
  if (encoders !== undefined) {
    check("rebuilt", toHex(bytes), toHex(encoders.encodeSnpReport(report)));
  }
  const actual = { ...reportJson(report), product: report.product ?? expected["product"] };
  const tcbs = ["currentTcb", "reportedTcb", "committedTcb", "launchTcb"];
  const comparable = Object.entries(expected).filter(([name]) => !tcbs.includes(name));
  checkFields("parse", Object.fromEntries(comparable), actual, check);
}

function word(value: bigint): string {
  return value.toString(16).padStart(16, "0");
}

/** A word in the order of its bytes in the report. */
function littleEndianWord(value: bigint | undefined): string | undefined {
  if (value === undefined) return undefined;
  return word(value).match(/../g)?.reverse().join("");
}

function versionText({ major, minor, build }: FirmwareVersion): string {
  return `${major}.${minor}.${build}`;
}

type ReportFields = Omit<SnpClaims, `${string}Tcb` | "product">;

function reportJson(report: ReportFields): Json {
  const hex = Object.entries(report).flatMap(([name, value]) =>
    value instanceof Uint8Array ? [[name, toHex(value)] as const] : [],
  );
  return {
    ...report,
    ...Object.fromEntries(hex),
    policy: word(report.policy),
    platformInfo: word(report.platformInfo),
    currentVersion: versionText(report.currentVersion),
    committedVersion: versionText(report.committedVersion),
    launchMitVector: littleEndianWord(report.launchMitVector),
    currentMitVector: littleEndianWord(report.currentMitVector),
  };
}

/** The claims of a report as an index writes them. */
export function claimsJson(claims: SnpClaims): Json {
  const { product, currentTcb, reportedTcb, committedTcb, launchTcb } = claims;
  return { ...reportJson(claims), product, currentTcb, reportedTcb, committedTcb, launchTcb };
}

/** What a versioned key certificate says, as an index writes it. */
export function vekJson(vek: VekInfo): Json {
  const text = (date: Date): string => date.toISOString().replace(".000Z", "Z");
  return { ...vek, notBefore: text(vek.notBefore), notAfter: text(vek.notAfter) };
}
