import { EncodingError, fromHex } from "@carrara/encoding";
import type { Certificate } from "@carrara/pki";
import { markVerified } from "../assurance.ts";
import {
  checkCertificateTime,
  checkCrlTime,
  checkNotRevoked,
  type VerifiedCrl,
  verifyCrl,
} from "../certificate-check.ts";
import { copyBytes } from "../copy-bytes.ts";
import { type ImportedKey, type QuoteCrypto, WEB_QUOTE_CRYPTO } from "../crypto.ts";
import { AttestationError } from "../error.ts";
import { createMemo } from "../memo.ts";
import { createRootLoader, type Root } from "../root.ts";
import type { TrustAnchor } from "../trust-anchor.ts";
import type { DcapCollateral } from "./collateral.ts";
import {
  checkEndorsementNow,
  type Endorsement,
  type EndorsementKind,
  verifyEndorsement,
} from "./endorsement.ts";
import { choosePckChain, type PckChain, verifyPckChain } from "./pck-chain.ts";
import { type QeIdentity, quotingEnclaveLevel, readQeIdentity } from "./qe-identity.ts";
import { parseQuote, type Quote } from "./quote.ts";
import {
  importAttestationKey,
  verifyQuoteSignature,
  verifyQuotingEnclave,
} from "./quote-signature.ts";
import { evaluateTcb, type QuoteTcb } from "./tcb-evaluation.ts";
import { type DcapTee, readTcbInfo, type TcbInfo } from "./tcb-info.ts";
import { checkTdxModule, type TdxModules } from "./tdx-module.ts";
import type { CollateralWindow, QuoteClaims, VerifiedQuote } from "./verified-quote.ts";

/** Different inputs of each kind that stay in memory; a mesh has one platform family or a few. */
const MEMO_CAPACITY = 32;
/** Longest CRL that is read, in hex digits: twice the 1 MiB of section 2.2. */
const MAX_CRL_CHARACTERS = 2 * 1024 * 1024;

/** Input of a verification. Strings and bytes may come from an attacker. */
export interface DcapVerification {
  readonly quote: Uint8Array;
  readonly collateral: DcapCollateral;
  readonly anchor: TrustAnchor;
  readonly now: Date;
}

/** Verifies SGX and TDX quotes; keeps the checks of collateral that do not depend on the time in memory. */
export interface DcapVerifier {
  /**
   * Verifies a quote by the steps of specification section 2.3, in their order.
   * Throws AttestationError with a code that is not a `POLICY_…`.
   */
  verify(input: DcapVerification): Promise<VerifiedQuote>;
}

/** Readers of signed things that remember what they verified, by the whole of its input. */
interface Loaders {
  readonly root: (anchor: TrustAnchor) => Promise<Root>;
  readonly pckChain: (text: string, root: Root) => Promise<PckChain>;
  readonly crl: (hex: string, issuer: Certificate, issuerKey: string) => Promise<VerifiedCrl>;
  readonly tcbInfo: Readonly<Record<DcapTee, EndorsementLoader<TcbInfo>>>;
  readonly qeIdentity: EndorsementLoader<QeIdentity>;
  /** Steps 9 and 10: a platform's QE certifies its attestation key once and quotes with it often. */
  readonly quotingEnclave: (quote: Quote, pck: PckChain) => Promise<void>;
  readonly attestationKey: (point: Uint8Array) => Promise<ImportedKey>;
}

type EndorsementLoader<T> = (body: string, chain: string, root: Root) => Promise<Endorsement<T>>;

/** What vouches for one platform, verified and in force at the time of the call. */
interface Endorsements {
  readonly root: Root;
  readonly pck: PckChain;
  readonly crls: readonly VerifiedCrl[];
  readonly tcb: Endorsement<TcbInfo>;
  readonly qe: Endorsement<QeIdentity>;
}

function tcbInfoOf(tee: DcapTee): EndorsementKind<TcbInfo> {
  return { member: "tcbInfo", prefix: "TCB_INFO", read: (fields) => readTcbInfo(fields, tee) };
}

const TCB_INFO = { sgx: tcbInfoOf("sgx"), tdx: tcbInfoOf("tdx") } as const;
/** Who quotes for a TEE, as identities name it. */
const QE_ID = { sgx: "QE", tdx: "TD_QE" } as const;
const QE_IDENTITY: EndorsementKind<QeIdentity> = {
  member: "enclaveIdentity",
  prefix: "QE_IDENTITY",
  read: readQeIdentity,
};

/** Makes a verifier. It does no I/O; the clock and the collateral are arguments of each call. */
export function createDcapVerifier(quoteCrypto: QuoteCrypto = WEB_QUOTE_CRYPTO): DcapVerifier {
  const loaders = createLoaders(quoteCrypto);
  return {
    async verify(input) {
      try {
        return await verifyQuote(input, loaders, quoteCrypto);
      } catch (cause) {
        if (cause instanceof AttestationError) throw cause;
        throw new AttestationError("VERIFIER_INPUT", "verification failed unexpectedly", { cause });
      }
    },
  };
}

function createLoaders(quoteCrypto: QuoteCrypto): Loaders {
  const pckChains = createMemo<PckChain>(MEMO_CAPACITY);
  const crls = createMemo<VerifiedCrl>(MEMO_CAPACITY);
  const quotingEnclaves = createMemo<void>(MEMO_CAPACITY);
  const attestationKeys = createMemo<ImportedKey>(MEMO_CAPACITY);
  return {
    root: createRootLoader(),
    pckChain: async (text, root) =>
      await pckChains.get([text, root.memoKey], async () => await verifyPckChain(text, root)),
    crl: async (hex, issuer, issuerKey) =>
      await crls.get([hex, issuerKey], async () => await verifyCrl(crlBytes(hex), issuer)),
    tcbInfo: {
      sgx: createEndorsementLoader(TCB_INFO.sgx),
      tdx: createEndorsementLoader(TCB_INFO.tdx),
    },
    qeIdentity: createEndorsementLoader(QE_IDENTITY),
    quotingEnclave: async (quote, pck) => {
      const { qeReport, qeReportSignature, attestationKey, qeAuthData } = quote;
      const parts = [qeReport.raw, qeReportSignature, attestationKey, qeAuthData].map(memoText);
      await quotingEnclaves.get(
        [pck.leafMemoKey, ...parts],
        async () => await verifyQuotingEnclave(quote, pck.key, quoteCrypto),
      );
    },
    attestationKey: async (point) =>
      await attestationKeys.get([memoText(point)], async () => await importAttestationKey(point)),
  };
}

/** A character for each byte; parts of quotes are at most 1 KiB. Spread, they took eight times as long. */
function memoText(bytes: Uint8Array): string {
  return Reflect.apply(String.fromCharCode, undefined, bytes);
}

function createEndorsementLoader<T>(kind: EndorsementKind<T>): EndorsementLoader<T> {
  const memo = createMemo<Endorsement<T>>(MEMO_CAPACITY);
  return async (body, chain, root) =>
    await memo.get(
      [body, chain, root.memoKey],
      async () => await verifyEndorsement(kind, body, chain, root),
    );
}

function crlBytes(hex: string): Uint8Array {
  if (hex.length > MAX_CRL_CHARACTERS) {
    throw new AttestationError("CRL_MALFORMED", `revocation list has ${hex.length} hex digits`);
  }
  try {
    return fromHex(hex);
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw new AttestationError("CRL_MALFORMED", "revocation list is no hex", { cause });
  }
}

async function verifyQuote(
  input: DcapVerification,
  loaders: Loaders,
  quoteCrypto: QuoteCrypto,
): Promise<VerifiedQuote> {
  // Everything is copied before the first wait: the caller may change its objects meanwhile.
  const quote = parseQuote(copyBytes(input.quote));
  const now = new Date(input.now);
  if (Number.isNaN(now.getTime())) {
    throw new AttestationError("VERIFIER_INPUT", "the time of verification is no date");
  }
  const collateral = { ...input.collateral };
  const endorsements = await loadEndorsements(quote, collateral, input.anchor, now, loaders);
  const { root, pck, tcb, qe } = endorsements;
  checkBinding(quote, endorsements);
  await loaders.quotingEnclave(quote, pck);
  const qeLevel = quotingEnclaveLevel(qe.content, quote.qeReport);
  const attestationKey = await loaders.attestationKey(quote.attestationKey);
  await verifyQuoteSignature(quote, attestationKey, quoteCrypto);
  if (quote.tee === "tdx") checkTdxModule(requireModules(tcb.content), quote.body);
  const evaluation = evaluateTcb(quote, tcb.content, pck.info, qeLevel);
  refuseRevoked(evaluation);
  const claims: QuoteClaims = {
    trustAnchor: { kind: root.kind, name: root.name, spkiSha256: root.spkiSha256 },
    ...evaluation,
    tcbEvaluationDataNumber: Math.min(
      tcb.content.evaluationDataNumber,
      qe.content.evaluationDataNumber,
    ),
    qeStatus: qeLevel.status,
    verifiedAt: now,
    collateral: windowOf(endorsements),
    // A copy: what is handed out must not be what the memo keeps.
    pck: { ...pck.info, sgxTcbComponents: [...pck.info.sgxTcbComponents] },
    header: quote.header,
    trailingBytes: quote.trailingBytes,
  };
  return quote.tee === "sgx"
    ? markVerified(root.kind, { ...claims, tee: quote.tee, body: quote.body })
    : markVerified(root.kind, { ...claims, tee: quote.tee, body: quote.body });
}

/** A revoked level is never a result, nor is that of a module which runs now. */
function refuseRevoked({ status, currentTcb }: QuoteTcb): void {
  if (status === "Revoked" || currentTcb?.status === "Revoked") {
    throw new AttestationError("TCB_REVOKED", "the platform's tcb level was revoked");
  }
}

function requireModules({ tdxModules }: TcbInfo): TdxModules {
  if (tdxModules !== undefined) return tdxModules;
  throw new AttestationError("TDX_MODULE_MISMATCH", "tcb info names no tdx module");
}

/** Steps 2 to 7. Times and revocations are checked here, at every call, never remembered. */
async function loadEndorsements(
  quote: Quote,
  collateral: DcapCollateral,
  anchor: TrustAnchor,
  now: Date,
  loaders: Loaders,
): Promise<Endorsements> {
  const root = await loaders.root(anchor);
  const pck = await loaders.pckChain(choosePckChain(quote, collateral), root);
  for (const certificate of [root.certificate, pck.ca, pck.leaf]) {
    checkCertificateTime(certificate, now);
  }
  requireCollateral(collateral);
  const rootCrl = await loaders.crl(collateral.rootCaCrl, root.certificate, root.memoKey);
  checkCrlTime(rootCrl, now);
  const pckCrl = await loaders.crl(collateral.pckCrl, pck.ca, pck.caMemoKey);
  checkCrlTime(pckCrl, now);
  checkNotRevoked(pck.ca, rootCrl);
  checkNotRevoked(pck.leaf, pckCrl);
  const tcb = await loaders.tcbInfo[quote.tee](
    collateral.tcbInfo,
    collateral.tcbInfoIssuerChain,
    root,
  );
  checkEndorsementNow(tcb, TCB_INFO[quote.tee], rootCrl, now);
  const qe = await loaders.qeIdentity(
    collateral.qeIdentity,
    collateral.qeIdentityIssuerChain,
    root,
  );
  checkEndorsementNow(qe, QE_IDENTITY, rootCrl, now);
  return { root, pck, crls: [rootCrl, pckCrl], tcb, qe };
}

/** Collateral is often parsed JSON, where the type says nothing. Throws `COLLATERAL_UNAVAILABLE`. */
function requireCollateral(collateral: DcapCollateral): void {
  const { tcbInfo, tcbInfoIssuerChain, qeIdentity, qeIdentityIssuerChain } = collateral;
  const needed: readonly unknown[] = [
    ...[tcbInfo, tcbInfoIssuerChain, qeIdentity, qeIdentityIssuerChain],
    ...[collateral.pckCrl, collateral.rootCaCrl],
  ];
  if (needed.every((part) => typeof part === "string")) return;
  throw new AttestationError("COLLATERAL_UNAVAILABLE", "a part of the collateral is missing");
}

/** Step 8: the endorsements are about this kind of platform. */
function checkBinding({ tee }: Quote, { tcb, qe, pck }: Endorsements): void {
  if (tcb.content.fmspc !== pck.info.fmspc || tcb.content.pceId !== pck.info.pceId) {
    throw new AttestationError("TCB_INFO_MISMATCH", "tcb info is about another platform family");
  }
  if (qe.content.id !== QE_ID[tee]) {
    throw new AttestationError("QE_IDENTITY_MISMATCH", `identity is not of ${QE_ID[tee]}`);
  }
}

function windowOf({ root, pck, crls, tcb, qe }: Endorsements): CollateralWindow {
  const signed = [tcb.content, qe.content];
  const issued = signed.map(({ issueDate }) => issueDate.getTime());
  const certificates = [root.certificate, pck.ca, pck.leaf, tcb.signer, qe.signer];
  const dues = signed.map(({ nextUpdate }) => nextUpdate.getTime());
  const ends = [
    ...dues,
    ...crls.map(({ nextUpdate }) => nextUpdate.getTime()),
    ...certificates.map(({ notAfter }) => notAfter.getTime()),
  ];
  return {
    earliestIssue: new Date(Math.min(...issued)),
    latestIssue: new Date(Math.max(...issued)),
    earliestExpiry: new Date(Math.min(...dues)),
    validUntil: new Date(Math.min(...ends)),
  };
}
