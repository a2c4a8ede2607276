import { type AppraisalViolation, tdUniqueId, type VerifiedEvidence } from "@carrara/attestation";
import { type Fact, type FactValue, fact, facts, noted, type Part } from "./facts.ts";

/** What verified evidence says, and what was found, for people. */
export interface VerdictFacts {
  readonly verified: VerifiedEvidence;
  /** Who holds the root, where it is not a vendor's own. */
  readonly rootHolder: string | undefined;
  /** What was checked, in order. */
  readonly checks: Readonly<Record<string, FactValue>>;
  readonly violations: readonly AppraisalViolation[];
}

/** The parts of a verdict: checks, platform, identity, warnings and what the policy refused. */
export async function describeVerdict(input: VerdictFacts): Promise<Part[]> {
  const { verified, rootHolder, checks, violations } = input;
  const warnings = warningsOf(verified);
  return [
    { key: "checks", title: "Checks", facts: facts(checks) },
    { key: "platform", title: "Platform", facts: platformFacts(verified, rootHolder) },
    { key: "identity", title: identityTitle(verified), facts: await identityFacts(verified) },
    ...(Object.keys(warnings).length === 0
      ? []
      : [{ key: "warnings", title: "Warnings", facts: facts(warnings) }]),
    ...(violations.length === 0
      ? []
      : [
          {
            key: "violations",
            title: "Refused by the policy",
            facts: violations.map(({ code, message }) => fact(code, message)),
          },
        ]),
  ];
}

/** The TCB status in words, and AMD's processor: nothing lets a simulation read like the real thing. */
export function statusText(verified: VerifiedEvidence): string {
  const [what, value] =
    verified.tee === "snp" ? ["processor", verified.product] : ["TCB status", verified.status];
  if (verified.assurance === "hardware") return `${what} ${value}`;
  return `${what} SIMULATED ${value} (no hardware protection)`;
}

function tcbStatusOf(verified: VerifiedEvidence): FactValue {
  const isReal = verified.assurance === "hardware";
  if (verified.tee !== "snp") {
    return isReal ? verified.status : `SIMULATED ${verified.status} (no hardware protection)`;
  }
  if (!isReal) return "SIMULATED firmware (no hardware protection)";
  return noted(null, "AMD publishes none: name a floor with minTcb in a policy");
}

function platformFacts(verified: VerifiedEvidence, rootHolder: string | undefined): Fact[] {
  const { name, spkiSha256 } = verified.trustAnchor;
  const common = facts({
    tee: verified.tee,
    assurance: verified.assurance,
    trustAnchor: rootHolder === undefined ? name : noted(name, `of "${rootHolder}"`),
    ...(rootHolder === undefined ? {} : { trustAnchorOrganization: rootHolder }),
    trustAnchorSpkiSha256: spkiSha256,
    tcbStatus: tcbStatusOf(verified),
  });
  return [...common, ...(verified.tee === "snp" ? amdFacts(verified) : intelFacts(verified))];
}

type VerifiedOf<Tee> = Extract<VerifiedEvidence, { readonly tee: Tee }>;

function intelFacts(verified: VerifiedOf<"sgx" | "tdx">): Fact[] {
  const { platformStatus, moduleStatus, qeStatus, currentTcb, collateral, pck } = verified;
  return facts({
    advisoryIds: verified.advisoryIds,
    tcbDate: verified.tcbDate,
    tcbEvaluationDataNumber: verified.tcbEvaluationDataNumber,
    platformStatus,
    qeStatus,
    moduleStatus,
    ...(currentTcb === undefined
      ? {}
      : {
          currentStatus: noted(currentTcb.status, "of the module that runs now"),
          currentAdvisoryIds: currentTcb.advisoryIds,
        }),
    verifiedAt: verified.verifiedAt,
    collateralIssued: collateral.earliestIssue,
    collateralLatestIssue: collateral.latestIssue,
    collateralExpiry: collateral.earliestExpiry,
    validUntil: collateral.validUntil,
    fmspc: pck.fmspc,
    pceId: pck.pceId,
    cpuSvn: pck.cpuSvn,
    pceSvn: pck.pceSvn,
    pckCa: pck.ca,
    sgxType: pck.sgxType,
  });
}

function amdFacts(verified: VerifiedOf<"snp">): Fact[] {
  const { product, signingKey, vek, crlChecked, claims } = verified;
  return facts({
    product,
    signingKey,
    hwId: vek.hwId,
    cspId: vek.cspId,
    revocation: crlChecked ? "checked" : "not checked, there was no list",
    reportedTcb: { ...claims.reportedTcb },
    currentTcb: { ...claims.currentTcb },
    committedTcb: { ...claims.committedTcb },
    launchTcb: { ...claims.launchTcb },
    verifiedAt: verified.verifiedAt,
    validFrom: verified.validFrom,
    validUntil: verified.validUntil,
  });
}

function identityTitle({ tee }: VerifiedEvidence): string {
  return { sgx: "Enclave", tdx: "TD", snp: "Guest" }[tee];
}

async function identityFacts(verified: VerifiedEvidence): Promise<Fact[]> {
  if (verified.tee === "sgx") {
    const { mrEnclave, mrSigner, isvProdId, isvSvn, attributes, debug, reportData } = verified.body;
    return facts({ mrEnclave, mrSigner, isvProdId, isvSvn, attributes, debug, reportData });
  }
  if (verified.tee === "tdx") {
    const { body } = verified;
    return facts({
      uniqueId: await tdUniqueId(body),
      mrTd: body.mrTd,
      rtMr0: body.rtMr0,
      rtMr1: body.rtMr1,
      rtMr2: body.rtMr2,
      rtMr3: body.rtMr3,
      mrConfigId: body.mrConfigId,
      mrOwner: body.mrOwner,
      mrOwnerConfig: body.mrOwnerConfig,
      mrServiceTd: body.mrServiceTd,
      tdAttributes: body.tdAttributes,
      xfam: body.xfam,
      debug: body.debug,
      reportData: body.reportData,
    });
  }
  const { claims } = verified;
  const { abiMajor, abiMinor, ...flags } = claims.policyBits;
  return facts({
    measurement: claims.measurement,
    hostData: claims.hostData,
    idKeyDigest: claims.idKeyDigest,
    authorKeyDigest: claims.authorKeyDigest,
    familyId: claims.familyId,
    imageId: claims.imageId,
    guestSvn: claims.guestSvn,
    vmpl: claims.vmpl,
    policyFlags: Object.entries(flags).flatMap(([name, set]) => (set ? [name] : [])),
    policyMinAbi: `${abiMajor}.${abiMinor}`,
    debug: claims.policyBits.debug,
    reportData: claims.reportData,
  });
}

const SNP_WARNINGS = {
  PROVISIONAL_FIRMWARE: "the firmware is not committed: it can be rolled back",
  TCB_INCONSISTENT: "committed or reported firmware is newer than what runs",
  UNKNOWN_REPORT_VERSION: "the report is newer than the layout that was read",
} as const;

/** What to know of evidence that is genuine all the same: words by code. */
export function warningsOf(verified: VerifiedEvidence): Readonly<Record<string, string>> {
  if (verified.tee === "snp") {
    return {
      ...Object.fromEntries(verified.warnings.map((code) => [code, SNP_WARNINGS[code]])),
      ...(verified.crlChecked
        ? {}
        : { REVOCATION_NOT_CHECKED: "there was no revocation list of the root" }),
    };
  }
  const { trailingBytes, pck } = verified;
  const after = `${trailingBytes} bytes after the quote, which nothing vouches for`;
  const differs = "the PCK certificate's components differ from its CPUSVN";
  return {
    ...(trailingBytes > 0 ? { TRAILING_BYTES: after } : {}),
    ...(pck.cpuSvnDiffers ? { CPU_SVN_DIFFERS: differs } : {}),
  };
}
