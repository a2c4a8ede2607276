import { concatBytes, EncodingError, equalBytes, fromHex, toHex } from "@carrara/encoding";
import { type Certificate, commonNameOf, parseCertificate } from "@carrara/pki";
import {
  checkCertificateTime,
  checkCrlTime,
  checkIsLeaf,
  checkIssued,
  checkNotRevoked,
  parseChain,
  type VerifiedCrl,
  verifyCrl,
} from "../certificate-check.ts";
import {
  type ImportedKey,
  importP256Point,
  importP256Spki,
  sha256,
  verifyP256,
} from "../crypto.ts";
import { AttestationError, type VerificationErrorCode } from "../error.ts";
import { createMemo, type Memo } from "../memo.ts";
import { type SignedJsonKind, verifySignedJson } from "../signed-json.ts";
import { convergeTcbStatus } from "../tcb-status.ts";
import { assuranceOf, type TrustAnchor } from "../trust-anchor.ts";
import type { DcapCollateral } from "./collateral.ts";
import { type PckInfo, readPckInfo } from "./pck-certificate.ts";
import { type QeIdentity, quotingEnclaveLevel, readQeIdentity } from "./qe-identity.ts";
import { parseQuote, pckChainOf, type SgxQuote } from "./quote.ts";
import { platformLevel, readTcbInfo, type TcbInfo } from "./tcb-info.ts";
import type { CollateralWindow, VerifiedSgxQuote } from "./verified-quote.ts";

/** Different inputs of each kind that stay in memory; a mesh has one platform family or a few. */
const MEMO_CAPACITY = 32;

/** Input of a verification. Strings and bytes may come from an attacker. */
export interface SgxVerification {
  readonly quote: Uint8Array;
  readonly collateral: DcapCollateral;
  readonly anchor: TrustAnchor;
  readonly now: Date;
}

/** Verifies SGX quotes; keeps the checks of collateral that do not depend on the time in memory. */
export interface SgxVerifier {
  /**
   * Verifies a quote by the steps of specification section 2.3, in their order.
   * Throws AttestationError with a code that is not a `POLICY_…`.
   */
  verify(input: SgxVerification): Promise<VerifiedSgxQuote>;
}

interface Root {
  readonly certificate: Certificate;
  readonly spkiSha256: string;
}

interface PckChain {
  readonly leaf: Certificate;
  readonly ca: Certificate;
  readonly key: ImportedKey;
  readonly info: PckInfo;
}

/** Signed JSON together with the certificate that signed it. */
interface Endorsed<T> {
  readonly signer: Certificate;
  readonly content: T;
}

interface Memos {
  readonly roots: Memo<Root>;
  readonly chains: Memo<PckChain>;
  readonly crls: Memo<VerifiedCrl>;
  readonly tcbInfos: Memo<Endorsed<TcbInfo>>;
  readonly qeIdentities: Memo<Endorsed<QeIdentity>>;
}

const TCB_INFO: SignedJsonKind = { member: "tcbInfo", prefix: "TCB_INFO" };
const QE_IDENTITY: SignedJsonKind = { member: "enclaveIdentity", prefix: "QE_IDENTITY" };

/** Makes a verifier. It does no I/O; the clock and the collateral are arguments of each call. */
export function createSgxVerifier(): SgxVerifier {
  const memos: Memos = {
    roots: createMemo(MEMO_CAPACITY),
    chains: createMemo(MEMO_CAPACITY),
    crls: createMemo(MEMO_CAPACITY),
    tcbInfos: createMemo(MEMO_CAPACITY),
    qeIdentities: createMemo(MEMO_CAPACITY),
  };
  return {
    async verify(input) {
      try {
        return await verifyQuote(snapshot(input), memos);
      } catch (cause) {
        if (cause instanceof AttestationError) throw cause;
        throw new AttestationError("VERIFIER_INPUT", "verification failed unexpectedly", { cause });
      }
    },
  };
}

/** Copies what the caller could change between check and use. Throws `VERIFIER_INPUT`. */
function snapshot({ quote, collateral, anchor, now }: SgxVerification): SgxVerification {
  if (!(quote instanceof Uint8Array) || !(quote.buffer instanceof ArrayBuffer)) {
    throw new AttestationError("VERIFIER_INPUT", "the quote must be bytes that nobody shares");
  }
  if (Number.isNaN(now.getTime())) {
    throw new AttestationError("VERIFIER_INPUT", "the time of verification is no date");
  }
  const { spki, certificate } = anchor;
  return {
    quote: quote.slice(),
    collateral: { ...collateral },
    anchor: {
      ...anchor,
      kind: assuranceOf(anchor),
      spki: spki.slice(),
      certificate: certificate.slice(),
    },
    now: new Date(now),
  };
}

async function verifyQuote(input: SgxVerification, memos: Memos): Promise<VerifiedSgxQuote> {
  const { collateral, anchor, now } = input;
  const quote = parseQuote(input.quote);
  const chainText = pckChainText(quote, collateral);
  const root = await loadRoot(anchor, memos.roots);
  const anchorKey = [anchor.kind, toHex(anchor.spki), toHex(anchor.certificate)];
  const pck = await memos.chains.get(
    [chainText, ...anchorKey],
    async () => await verifyPckChain(chainText, root.certificate, anchor),
  );
  for (const certificate of [root.certificate, pck.ca, pck.leaf]) {
    checkCertificateTime(certificate, now);
  }
  const rootCrl = await loadCrl(collateral.rootCaCrl, root.certificate, memos.crls);
  checkCrlTime(rootCrl, now);
  const pckCrl = await loadCrl(collateral.pckCrl, pck.ca, memos.crls);
  checkCrlTime(pckCrl, now);
  checkNotRevoked(pck.ca, rootCrl);
  checkNotRevoked(pck.leaf, pckCrl);

  const {
    tcbInfo: tcbText,
    tcbInfoIssuerChain,
    qeIdentity: qeText,
    qeIdentityIssuerChain,
  } = collateral;
  const tcb = await memos.tcbInfos.get([tcbText, tcbInfoIssuerChain, ...anchorKey], async () => {
    const { signer, fields } = await verifyEndorsement(
      tcbText,
      tcbInfoIssuerChain,
      TCB_INFO,
      root,
      anchor,
    );
    return { signer, content: readTcbInfo(fields) };
  });
  checkEndorsementTime(tcb, TCB_INFO, rootCrl, now);
  const qe = await memos.qeIdentities.get(
    [qeText, qeIdentityIssuerChain, ...anchorKey],
    async () => {
      const { signer, fields } = await verifyEndorsement(
        qeText,
        qeIdentityIssuerChain,
        QE_IDENTITY,
        root,
        anchor,
      );
      return { signer, content: readQeIdentity(fields) };
    },
  );
  checkEndorsementTime(qe, QE_IDENTITY, rootCrl, now);
  checkBinding(tcb.content, qe.content, pck.info);

  await verifyQuotingEnclave(quote, pck);
  const qeLevel = quotingEnclaveLevel(qe.content, quote.qeReport);
  await verifyQuoteSignature(quote);
  const level = platformLevel(tcb.content.levels, pck.info);
  const status = convergeTcbStatus(level.status, [qeLevel.status]);
  if (status === "Revoked") {
    throw new AttestationError("TCB_REVOKED", "the platform's tcb level was revoked");
  }
  return {
    assurance: anchor.kind,
    trustAnchor: { kind: anchor.kind, name: anchor.name, spkiSha256: root.spkiSha256 },
    status,
    advisoryIds: [...new Set([...level.advisoryIds, ...qeLevel.advisoryIds])].sort(),
    tcbDate: level.date < qeLevel.date ? level.date : qeLevel.date,
    tcbEvaluationDataNumber: Math.min(
      tcb.content.evaluationDataNumber,
      qe.content.evaluationDataNumber,
    ),
    platformStatus: level.status,
    qeStatus: qeLevel.status,
    collateral: windowOf(
      [tcb.content, qe.content],
      [rootCrl, pckCrl],
      [root.certificate, pck.ca, pck.leaf, tcb.signer, qe.signer],
    ),
    pck: pck.info,
    header: quote.header,
    body: quote.body,
    trailingBytes: quote.trailingBytes,
  };
}

/** The quote's own chain, else the collateral's. Throws `PCK_CERT_UNAVAILABLE`. */
function pckChainText(quote: SgxQuote, collateral: DcapCollateral): string {
  const own = pckChainOf(quote);
  const other = collateral.pckCertChain;
  if (own === undefined && other === undefined) {
    throw new AttestationError(
      "PCK_CERT_UNAVAILABLE",
      `the quote carries certification data of type ${quote.certDataType} and no chain was given`,
    );
  }
  if (own !== undefined && other !== undefined) {
    const [mine, theirs] = [own, other].map((text) => parseChain(text, 3)[0]?.raw);
    if (mine === undefined || theirs === undefined || !equalBytes(mine, theirs)) {
      throw new AttestationError(
        "CERT_CHAIN_INVALID",
        "quote and collateral name different leaves",
      );
    }
  }
  return own ?? other ?? "";
}

async function loadRoot(anchor: TrustAnchor, memo: Memo<Root>): Promise<Root> {
  return await memo.get([toHex(anchor.spki), toHex(anchor.certificate)], async () => {
    const certificate = parseCertificate(anchor.certificate);
    if (!equalBytes(certificate.spki, anchor.spki)) {
      throw new AttestationError(
        "CERT_UNTRUSTED_ROOT",
        "the anchor's key is not its certificate's",
      );
    }
    await checkIssued(certificate, certificate, 1);
    return { certificate, spkiSha256: toHex(await sha256(anchor.spki)) };
  });
}

/** Steps 2 to 4: chain, root, roles. Times and revocation are the caller's. */
async function verifyPckChain(
  text: string,
  root: Certificate,
  anchor: TrustAnchor,
): Promise<PckChain> {
  const [leaf, ca, claimedRoot] = parseChain(text, 3);
  if (leaf === undefined || ca === undefined || claimedRoot === undefined) {
    throw new AttestationError("CERT_CHAIN_INVALID", "chain is incomplete");
  }
  checkIsAnchor(claimedRoot, anchor);
  const caName = commonNameOf(ca.subject);
  const caRole =
    anchor.kind === "hardware"
      ? /^Intel SGX PCK (?:Platform|Processor) CA$/
      : /SGX PCK (?:Platform|Processor) CA$/;
  needRole(caRole.test(caName), caName);
  needRole(commonNameOf(leaf.subject).includes("SGX PCK Certificate"), commonNameOf(leaf.subject));
  needRole(commonNameOf(root.subject).includes("SGX Root CA"), commonNameOf(root.subject));
  await checkIssued(ca, root, 1);
  await checkIssued(leaf, ca, 0);
  checkIsLeaf(leaf);
  const info = readPckInfo(leaf);
  return { leaf, ca, info, key: await importCertified(leaf) };
}

async function importCertified(certificate: Certificate): Promise<ImportedKey> {
  try {
    return await importP256Spki(certificate.spki);
  } catch (cause) {
    throw new AttestationError("CERT_MALFORMED", "certified key is not on P-256", { cause });
  }
}

function checkIsAnchor(claimed: Certificate, anchor: TrustAnchor): void {
  if (equalBytes(claimed.spki, anchor.spki)) return;
  throw new AttestationError(
    "CERT_UNTRUSTED_ROOT",
    "the chain ends in another root than the trusted one",
  );
}

function needRole(fits: boolean, name: string): void {
  if (!fits) throw new AttestationError("CERT_WRONG_ROLE", `certificate ${name} in a foreign role`);
}

async function loadCrl(
  hex: string,
  issuer: Certificate,
  memo: Memo<VerifiedCrl>,
): Promise<VerifiedCrl> {
  return await memo.get([hex, toHex(issuer.raw)], async () => {
    let bytes: Uint8Array;
    try {
      bytes = fromHex(hex);
    } catch (cause) {
      if (!(cause instanceof EncodingError)) throw cause;
      throw new AttestationError("CRL_MALFORMED", "revocation list is no hex", { cause });
    }
    return await verifyCrl(bytes, issuer);
  });
}

/** Steps 6 and 7: chain, signer's role and signature over the exact text. */
async function verifyEndorsement(
  body: string,
  chain: string,
  kind: SignedJsonKind,
  root: Root,
  anchor: TrustAnchor,
): Promise<{ signer: Certificate; fields: Awaited<ReturnType<typeof verifySignedJson>> }> {
  const [signer, claimedRoot] = parseChain(chain, 2);
  if (signer === undefined || claimedRoot === undefined) {
    throw new AttestationError("CERT_CHAIN_INVALID", "chain is incomplete");
  }
  checkIsAnchor(claimedRoot, anchor);
  const name = commonNameOf(signer.subject);
  needRole(name.includes("SGX TCB Signing"), name);
  await checkIssued(signer, root.certificate, 0);
  checkIsLeaf(signer);
  return { signer, fields: await verifySignedJson(body, kind, await importCertified(signer)) };
}

function checkEndorsementTime(
  { signer, content }: Endorsed<TcbInfo | QeIdentity>,
  { prefix }: SignedJsonKind,
  rootCrl: VerifiedCrl,
  now: Date,
): void {
  checkCertificateTime(signer, now);
  checkNotRevoked(signer, rootCrl);
  const { issueDate, nextUpdate } = content;
  const refuse = (code: VerificationErrorCode, message: string): never => {
    throw new AttestationError(code, message);
  };
  if (now < issueDate) refuse(`${prefix}_NOT_YET_VALID`, `issued ${issueDate.toISOString()}`);
  if (now > nextUpdate) refuse(`${prefix}_EXPIRED`, `due again ${nextUpdate.toISOString()}`);
}

/** Step 8: the endorsements are about this kind of platform. */
function checkBinding(tcb: TcbInfo, qe: QeIdentity, pck: PckInfo): void {
  if (tcb.fmspc !== pck.fmspc || tcb.pceId !== pck.pceId) {
    throw new AttestationError("TCB_INFO_MISMATCH", "tcb info is about another platform family");
  }
  if (qe.id !== "QE") {
    throw new AttestationError(
      "QE_IDENTITY_MISMATCH",
      "identity is not of the sgx quoting enclave",
    );
  }
}

/** Steps 9 and 10: the PCK key signed the QE's report, which commits to the attestation key. */
async function verifyQuotingEnclave(quote: SgxQuote, pck: PckChain): Promise<void> {
  if (!(await verifyP256(pck.key, quote.qeReportSignature, quote.qeReport.raw))) {
    throw new AttestationError(
      "QE_REPORT_SIGNATURE_INVALID",
      "qe report signature does not verify",
    );
  }
  const digest = await sha256(concatBytes(quote.attestationKey, quote.qeAuthData));
  if (!equalBytes(quote.qeReport.reportData, concatBytes(digest, new Uint8Array(32)))) {
    throw new AttestationError("QE_REPORT_DATA_MISMATCH", "qe report is about another key");
  }
}

/** Step 12. */
async function verifyQuoteSignature(quote: SgxQuote): Promise<void> {
  let key: ImportedKey;
  try {
    key = await importP256Point(quote.attestationKey);
  } catch (cause) {
    throw new AttestationError("QUOTE_KEY_INVALID", "attestation key is not on P-256", { cause });
  }
  if (!(await verifyP256(key, quote.signature, quote.signedBytes))) {
    throw new AttestationError("QUOTE_SIGNATURE_INVALID", "quote signature does not verify");
  }
}

function windowOf(
  signed: readonly { readonly issueDate: Date; readonly nextUpdate: Date }[],
  crls: readonly VerifiedCrl[],
  certificates: readonly Certificate[],
): CollateralWindow {
  const issued = signed.map(({ issueDate }) => issueDate.getTime());
  const ends = [
    ...[...signed, ...crls].map(({ nextUpdate }) => nextUpdate.getTime()),
    ...certificates.map(({ notAfter }) => notAfter.getTime()),
  ];
  return {
    earliestIssue: new Date(Math.min(...issued)),
    latestIssue: new Date(Math.max(...issued)),
    earliestExpiry: new Date(Math.min(...ends)),
  };
}
