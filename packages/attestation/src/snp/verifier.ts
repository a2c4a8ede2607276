import { encodePem, toHex } from "@carrara/encoding";
import { markVerified } from "../assurance.ts";
import {
  AMD_SIGNATURES,
  checkCrlTime,
  checkNotRevoked,
  type VerifiedCrl,
  verifyCrl,
} from "../certificate-check.ts";
import { copyBytes } from "../copy-bytes.ts";
import { AttestationError } from "../error.ts";
import { createMemo } from "../memo.ts";
import { createRootLoader, type Root } from "../root.ts";
import { AMD_ROOTS, type TrustAnchor } from "../trust-anchor.ts";
import { CERT_TABLE_GUID, parseCertTable } from "./cert-table.ts";
import { checkVekBinding, claimsOf, productOfEvidence, warningsOf } from "./claims.ts";
import type { SnpProduct } from "./product.ts";
import { parseSnpReport, type SnpSigningKey } from "./report.ts";
import { verifyReportSignature } from "./report-signature.ts";
import {
  type AnchorBytes,
  certificatesOf,
  checkVekChainTime,
  type VekChain,
  type VekChainInput,
  verifyVekChain,
} from "./vek-chain.ts";
import type { VekKind } from "./vek-extensions.ts";
import type { VekClaims, VerifiedSnpReport, VerifiedVek } from "./verified-report.ts";

/** Different inputs of each kind that stay in memory: the chips of a mesh. */
const MEMO_CAPACITY = 64;
/** Largest VEK, in bytes, and CRL that are looked at (section 2.2). */
const MAX_VEK_BYTES = 16 * 1024;
const MAX_CRL_BYTES = 1024 * 1024;

/** Endorsements of a versioned key. Strings and bytes may come from an attacker. */
export interface SnpEndorsements {
  /** PEM of ASK or ASVK, then ARK. Default: those of `certTable`, else AMD's own. */
  readonly chain?: string;
  /** DER of a revocation list of the ARK; none, and nothing is checked, when left out. */
  readonly crl?: Uint8Array;
  /** Default: AMD's three roots. */
  readonly anchors?: readonly TrustAnchor[];
  readonly now: Date;
}

/** Input of the verification of a report. */
export interface SnpVerification extends SnpEndorsements {
  readonly report: Uint8Array;
  /** DER of the VCEK or VLEK. Default: that of `certTable`. */
  readonly vek?: Uint8Array;
  /** Certificate table that came with the report (`auxblob`). */
  readonly certTable?: Uint8Array;
}

/** Input of the verification of a versioned key alone. */
export interface VekVerification extends SnpEndorsements {
  readonly vek: Uint8Array;
}

/** Verifies reports; keeps the checks of certificates that do not depend on the time in memory. */
export interface SnpVerifier {
  /**
   * Verifies a report by the steps of specification section 2.6, in their order.
   * Throws AttestationError with a code that is not a `POLICY_…`.
   */
  verify(input: SnpVerification): Promise<VerifiedSnpReport>;
  /** Verifies a VCEK or VLEK without a report: steps 3 to 6. Throws like `verify`. */
  verifyVek(input: VekVerification): Promise<VerifiedVek>;
}

/** Readers of signed things that remember what they verified, by the whole of its input. */
interface Loaders {
  readonly chain: (input: KeyedChainInput) => Promise<VekChain>;
  readonly crl: (bytes: Uint8Array, root: Root) => Promise<VerifiedCrl>;
}

interface KeyedChainInput extends VekChainInput {
  /** Text that stands for the anchors in keys of memos. */
  readonly anchorsKey: string;
}

/** Copies of an input, taken before the first wait: the caller may change its objects meanwhile. */
interface Prepared {
  readonly chain: KeyedChainInput;
  readonly crl: Uint8Array | undefined;
  readonly now: Date;
}

/** Endorsements that are verified and in force at the time of the call. */
interface Endorsed {
  readonly chain: VekChain;
  readonly crl: VerifiedCrl | undefined;
}

/** Makes a verifier. It does no I/O; the clock and the certificates are arguments of each call. */
export function createSnpVerifier(): SnpVerifier {
  const loaders = createLoaders();
  const hardware = keyedAnchors(AMD_ROOTS);
  return {
    verify: async (input) => await failClosed(verifyReport(input, loaders, hardware)),
    verifyVek: async (input) => await failClosed(verifyVekAlone(input, loaders, hardware)),
  };
}

async function failClosed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof AttestationError) throw cause;
    throw new AttestationError("VERIFIER_INPUT", "verification failed unexpectedly", { cause });
  }
}

function createLoaders(): Loaders {
  const chains = createMemo<VekChain>(MEMO_CAPACITY);
  const crls = createMemo<VerifiedCrl>(MEMO_CAPACITY);
  const loadRoot = createRootLoader(AMD_SIGNATURES);
  return {
    chain: async (input) =>
      await chains.get(
        [input.anchorsKey, input.issuers, input.kind ?? "", toHex(input.vek)],
        async () => await verifyVekChain(input, loadRoot),
      ),
    crl: async (bytes, { certificate, memoKey }) =>
      await crls.get(
        [memoKey, toHex(bytes)],
        async () => await verifyCrl(bytes, certificate, AMD_SIGNATURES),
      ),
  };
}

type KeyedAnchors = Pick<KeyedChainInput, "anchors" | "anchorsKey">;

function keyedAnchors(given: readonly TrustAnchor[]): KeyedAnchors {
  const anchors: AnchorBytes[] = given.map(({ spki, certificate }) => ({
    spki: copyBytes(spki),
    certificate: copyBytes(certificate),
  }));
  const key = anchors.map(({ spki, certificate }) => `${toHex(spki)} ${toHex(certificate)}`);
  return { anchors, anchorsKey: key.join() };
}

async function verifyReport(
  input: SnpVerification,
  loaders: Loaders,
  hardware: KeyedAnchors,
): Promise<VerifiedSnpReport> {
  const report = parseSnpReport(copyBytes(input.report));
  const kind = signingKind(report.signerInfo.signingKey);
  const prepared = prepare(input, chooseCertificates(input, kind), kind, hardware);
  const endorsed = await loadEndorsements(prepared, loaders);
  const { chain } = endorsed;
  const product = productOfEvidence(report, chain);
  const claims = claimsOf(report, product);
  checkVekBinding(claims, chain.info);
  await verifyReportSignature(report, chain.key);
  return markVerified(chain.root.kind, {
    tee: "snp" as const,
    claims,
    warnings: warningsOf(claims),
    ...vekClaims(endorsed, product, prepared.now),
  });
}

async function verifyVekAlone(
  input: VekVerification,
  loaders: Loaders,
  hardware: KeyedAnchors,
): Promise<VerifiedVek> {
  const certificates = chooseCertificates(input, undefined);
  const prepared = prepare(input, certificates, undefined, hardware);
  const endorsed = await loadEndorsements(prepared, loaders);
  const product = productOfEvidence(undefined, endorsed.chain);
  return markVerified(endorsed.chain.root.kind, vekClaims(endorsed, product, prepared.now));
}

/** Step 3. Throws `REPORT_UNSIGNED`. */
function signingKind(key: SnpSigningKey): VekKind {
  if (key !== "none") return key;
  throw new AttestationError("REPORT_UNSIGNED", "the platform signed this report with no key");
}

type Certificates = Pick<VekChainInput, "vek" | "issuers">;

/** What was given by itself comes before what is in the table. Throws `VEK_MISSING`, `VEK_FORMAT`. */
function chooseCertificates(
  { vek, chain, certTable }: Pick<SnpVerification, "vek" | "chain" | "certTable">,
  kind: VekKind | undefined,
): Certificates {
  const table = certTable === undefined ? [] : parseCertTable(copyBytes(certTable));
  const inTable = (guid: string): Uint8Array | undefined => {
    const data = table.find((entry) => entry.guid === guid)?.data;
    return data?.length === 0 ? undefined : data;
  };
  const guid = kind === "VLEK" ? CERT_TABLE_GUID.vlek : CERT_TABLE_GUID.vcek;
  const chosen = vek === undefined ? inTable(guid) : copyBytes(vek);
  if (chosen === undefined || chosen.length === 0) {
    throw new AttestationError("VEK_MISSING", `there is no certificate of the ${kind ?? "key"}`);
  }
  if (chosen.length > MAX_VEK_BYTES) {
    throw new AttestationError("VEK_FORMAT", `versioned key has ${chosen.length} bytes`);
  }
  const [ask, ark] = [inTable(CERT_TABLE_GUID.ask), inTable(CERT_TABLE_GUID.ark)];
  // An ARK without the certificate below it proves nothing.
  const issuers = ask === undefined ? [] : ark === undefined ? [ask] : [ask, ark];
  const pem = issuers.map((bytes) => encodePem("CERTIFICATE", bytes)).join("");
  return { vek: chosen, issuers: chain ?? pem };
}

function prepare(
  { anchors, crl, now }: SnpEndorsements,
  certificates: Certificates,
  kind: VekKind | undefined,
  hardware: KeyedAnchors,
): Prepared {
  const time = new Date(now);
  if (Number.isNaN(time.getTime())) {
    throw new AttestationError("VERIFIER_INPUT", "the time of verification is no date");
  }
  const trusted = anchors === undefined ? hardware : keyedAnchors(anchors);
  const list = crl === undefined ? undefined : copyBytes(crl);
  if (list !== undefined && list.length > MAX_CRL_BYTES) {
    throw new AttestationError("CRL_MALFORMED", `revocation list has ${list.length} bytes`);
  }
  return { chain: { ...certificates, kind, ...trusted }, crl: list, now: time };
}

/** Steps 3 to 5. Times and revocation are checked here, at every call, never remembered. */
async function loadEndorsements(
  { chain: input, crl: list, now }: Prepared,
  loaders: Loaders,
): Promise<Endorsed> {
  const chain = await loaders.chain(input);
  checkVekChainTime(chain, now);
  if (list === undefined) return { chain, crl: undefined };
  const crl = await loaders.crl(list, chain.root);
  checkCrlTime(crl, now);
  checkNotRevoked(chain.intermediate, crl);
  return { chain, crl };
}

function vekClaims({ chain, crl }: Endorsed, product: SnpProduct, now: Date): VekClaims {
  const { root, info } = chain;
  const certificates = certificatesOf(chain);
  const starts = certificates.map(({ notBefore }) => notBefore);
  const ends = certificates.map(({ notAfter }) => notAfter);
  if (crl !== undefined) {
    starts.push(crl.thisUpdate);
    ends.push(crl.nextUpdate);
  }
  return {
    product,
    signingKey: info.kind,
    // Copies: what is handed out must not be what the memo keeps.
    vek: {
      ...info,
      tcb: { ...info.tcb },
      notBefore: new Date(info.notBefore),
      notAfter: new Date(info.notAfter),
    },
    trustAnchor: { kind: root.kind, name: root.name, spkiSha256: root.spkiSha256 },
    crlChecked: crl !== undefined,
    verifiedAt: now,
    validFrom: new Date(Math.max(...starts.map(Number))),
    validUntil: new Date(Math.min(...ends.map(Number))),
  };
}
