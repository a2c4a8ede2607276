import {
  type AmdEndorsements,
  AttestationError,
  decodeSnpTcb,
  type Endorsements,
  type Evidence,
  endorsementRequestOf,
  parseSnpReport,
  type SnpReport,
  type SnpTcb,
} from "@carrara/attestation";
import { equalBytes, toHex } from "@carrara/encoding";
import {
  type AmdChainFacts,
  readAmdChain,
  readAmdCrl,
  readVekFacts,
  type VekFacts,
} from "./amd-facts.ts";
import type { BundledDcapCollateral, CollateralBundle } from "./bundle.ts";
import { readDcapFacts } from "./dcap-facts.ts";
import { type Dated, latestInForce } from "./in-force.ts";
import { collateralRefusalOf } from "./refusal.ts";

/**
 * What a bundle has for evidence, of several the latest that is valid at `now`; undefined when it
 * lacks what is needed. What came with the evidence is taken as it is, and what there is only one of
 * whatever it says of itself: the verifier then tells by its exact code what is wrong with it. Throws
 * `COLLATERAL_UNAVAILABLE` for one of several that cannot be read, and AttestationError for evidence
 * that does not say what it needs.
 */
export function findEndorsements(
  bundle: CollateralBundle,
  evidence: Evidence,
  now: Date,
): Endorsements | undefined {
  if (evidence.tee === "snp") return findAmd(bundle, evidence, now);
  const collateral = findDcap(bundle, evidence, now);
  return collateral === undefined ? undefined : { vendor: "intel", collateral };
}

function findDcap(
  { dcap }: CollateralBundle,
  evidence: Evidence,
  now: Date,
): BundledDcapCollateral | undefined {
  if (dcap.length < 2) return dcap[0];
  const request = endorsementRequestOf(evidence);
  if (request.vendor !== "intel") return undefined;
  const { fmspc, tee, ca } = request;
  const fitting = dcap
    .filter(({ update }) => update !== "early")
    .map((value) => ({ value, ...readDcapFacts(value) }))
    .filter((facts) => facts.fmspc === fmspc && facts.tee === tee && facts.ca === ca)
    .map((facts) => ({ ...facts, issued: facts.tcbInfo.issueDate }));
  return latestInForce(fitting, now);
}

type SnpEvidence = Extract<Evidence, { readonly tee: "snp" }>;

function findAmd(
  bundle: CollateralBundle,
  evidence: SnpEvidence,
  now: Date,
): Endorsements | undefined {
  const carried = carriedBy(evidence);
  const vek = carried.vek ?? findVek(bundle, parseSnpReport(evidence.report), now);
  if (vek === undefined) return undefined;
  const facts = readable(() => readVekFacts(vek));
  const chain = carried.chain ?? findChain(bundle, facts, now);
  const crl = findCrl(bundle, facts, chain, now);
  return {
    vendor: "amd",
    vek,
    ...(chain === undefined ? {} : { chain }),
    ...(crl === undefined ? {} : { crl }),
  };
}

/** What came with the evidence; nothing when it does not even say what processor it is of. */
function carriedBy(evidence: SnpEvidence): AmdEndorsements {
  try {
    const request = endorsementRequestOf(evidence);
    return request.vendor === "amd" ? request.carried : {};
  } catch (error) {
    if (error instanceof AttestationError && error.code === "SNP_PRODUCT_UNKNOWN") return {};
    throw error;
  }
}

function findVek({ veks }: CollateralBundle, report: SnpReport, now: Date): Uint8Array | undefined {
  if (veks.length < 2) return veks[0];
  const fitting = veks
    .map((value) => ({ value, ...readVekFacts(value) }))
    .filter((facts) => isOfReport(facts, report))
    .map(({ value, certificate: { notBefore, notAfter } }) => {
      return { value, from: notBefore.getTime(), until: notAfter.getTime() };
    });
  return latestInForce(fitting, now);
}

/** A report of version 2 does not name its product; the key's says in what order its TCB is. */
function isOfReport({ key, product, hwId, tcb }: VekFacts, report: SnpReport): boolean {
  const isVlek = report.signerInfo.signingKey === "VLEK";
  return (
    (key === "vlek") === isVlek &&
    (report.product ?? product) === product &&
    (hwId === undefined || isOfChip(hwId, report)) &&
    isSameTcb(tcb, decodeSnpTcb(report.reportedTcb, product))
  );
}

/** A short id fills the first bytes of CHIP_ID; one that is masked is of any chip. */
function isOfChip(hwId: string, { chipId, signerInfo }: SnpReport): boolean {
  const chip = toHex(chipId);
  return signerInfo.maskChipKey || chip === hwId.padEnd(chip.length, "0");
}

function isSameTcb(a: SnpTcb, b: SnpTcb): boolean {
  const names = ["fmc", "bootloader", "tee", "snp", "microcode"] as const;
  return names.every((name) => a[name] === b[name]);
}

/** By the name of the key's issuer, which has product and kind; AMD's own are in the verifier. */
function findChain(
  { chains }: CollateralBundle,
  vek: VekFacts | undefined,
  now: Date,
): string | undefined {
  const [only] = chains;
  const isAlone = chains.length === 1;
  if (isAlone && (vek === undefined || readable(() => readAmdChain(only ?? "")) === undefined)) {
    return only;
  }
  if (vek === undefined) return undefined;
  const fitting = chains
    .map((value) => ({ value, ...readAmdChain(value) }))
    .filter(({ issuer }) => equalBytes(issuer.subjectRaw, vek.certificate.issuerRaw))
    .map(({ value, issuer, root }) => ({ value, ...sharedWindow(issuer, root) }));
  return latestInForce(fitting, now);
}

function sharedWindow(...certificates: AmdChainFacts["issuer"][]): {
  readonly from: number;
  readonly until: number;
} {
  return {
    from: Math.max(...certificates.map(({ notBefore }) => notBefore.getTime())),
    until: Math.min(...certificates.map(({ notAfter }) => notAfter.getTime())),
  };
}

/** One of another root of the same name is better refused by the verifier than passed over. */
function findCrl(
  { crls }: CollateralBundle,
  vek: VekFacts | undefined,
  chain: string | undefined,
  now: Date,
): Uint8Array | undefined {
  if (vek === undefined) return crls[0]?.crl;
  const fitting = crls
    .filter(({ product, key }) => product === vek.product && key === vek.key)
    .map(({ crl }): Dated<Uint8Array> & { readonly issuerRaw?: Uint8Array } => {
      return { value: crl, from: 0, until: 0, ...readable(() => readAmdCrl(crl)) };
    });
  const root = chain === undefined ? undefined : readable(() => readAmdChain(chain))?.root;
  const ofRoot = fitting.filter(
    ({ issuerRaw }) =>
      root !== undefined && issuerRaw !== undefined && equalBytes(issuerRaw, root.subjectRaw),
  );
  return latestInForce(ofRoot.length > 0 ? ofRoot : fitting, now);
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (collateralRefusalOf(error) === undefined) throw error;
    return undefined;
  }
}
