import {
  AttestationError,
  checkRaTlsBinding,
  parseQuote,
  RA_TLS_HASHES,
  type RaTlsCertificate,
  type RaTlsEvidence,
  raTlsReportDataOf,
  readRaTlsEvidence,
  type VerifiedQuote,
  verifyRaTls,
} from "@carrara/attestation";
import { equalBytes, parsePem, toHex } from "@carrara/encoding";
import { checkParsed, checkVerified, verifyInput } from "./dcap-case.ts";
import {
  type CaseContext,
  type Check,
  checkFields,
  type Expected,
  type IndexCase,
  type Json,
  type ReadFile,
  readJson,
} from "./index-case.ts";
import { type CaseInput, mutate } from "./mutate.ts";

/** What must come out of a certificate; every member that is there is checked. */
interface RaTlsExpected extends Expected {
  readonly quote?: Expected & { readonly sha256?: string };
  readonly otherClaims?: readonly string[];
  readonly legacyExtension?: Json | null;
}

/** The anchor of cases that name none. */
const INTEL_ROOT = "anchors/intel-sgx-root-ca.pem";
const CERTIFICATE_FIELDS: ReadonlySet<string> = new Set([
  "evidenceOid",
  "critical",
  "cborTag",
  "pubkeyHash",
  "claimsHash",
  "nonce",
  "bindingOk",
  "spkiSha256",
  "certNotBefore",
  "certNotAfter",
]);

/** Runs a case of kind `ra-tls`: certificate, binding, and its quote where there is collateral. */
export async function runRaTlsCase(item: IndexCase, context: CaseContext): Promise<void> {
  const { read, check } = context;
  const expected = item.expected as RaTlsExpected;
  const der = await readCertificate(read, String(item.certificate));
  const parsed = readRaTlsEvidence(der);
  const known = Object.entries(expected).filter(([name]) => CERTIFICATE_FIELDS.has(name));
  checkFields("certificate", Object.fromEntries(known), await certificateJson(parsed), check);
  checkOtherClaims(parsed.evidence, expected.otherClaims ?? [], check);
  await checkLegacy(parsed, expected.legacyExtension ?? undefined, check);
  const { evidence } = parsed.evidence;
  checkParsed(evidence, expected.quote ?? {}, context);
  check("quote.sha256", expected.quote?.sha256 ?? (await hashOf(evidence)), await hashOf(evidence));
  const isVerifiable = item.collateral !== undefined || expected.verify !== undefined;
  if (isVerifiable) await checkVerification(item, der, parsed, context);
}

async function readCertificate(read: ReadFile, file: string): Promise<Uint8Array> {
  const bytes = await read(file);
  // What is no DER SEQUENCE is PEM.
  if (bytes[0] === 0x30) return bytes;
  const block = parsePem(new TextDecoder().decode(bytes)).at(0);
  if (block === undefined) throw new Error("the file holds no certificate");
  return block.bytes;
}

async function certificateJson({ certificate, evidence }: RaTlsCertificate): Promise<Json> {
  const claims = "claims" in evidence ? evidence.claims : undefined;
  const { algId = 0, value } = claims?.pubkeyHash ?? {};
  return {
    evidenceOid: evidence.oid,
    critical: evidence.critical,
    cborTag: evidence.kind === "interoperable" ? evidence.cborTag : undefined,
    pubkeyHash: value && { algId, alg: RA_TLS_HASHES.get(algId), value: toHex(value) },
    claimsHash: claims && (await hashOf(claims.raw)),
    nonce: claims?.nonce && toHex(claims.nonce),
    bindingOk: await isBound(evidence),
    spkiSha256: await hashOf(certificate.spki),
    certNotBefore: isoSeconds(certificate.notBefore),
    certNotAfter: isoSeconds(certificate.notAfter),
  };
}

/** Names in any order; an index may count the nonce among them. */
function checkOtherClaims(
  evidence: RaTlsEvidence,
  expected: readonly string[],
  check: Check,
): void {
  const claims = "claims" in evidence ? evidence.claims : undefined;
  const names = [...(claims?.others.keys() ?? [])];
  if (claims?.nonce !== undefined && expected.includes("nonce")) names.push("nonce");
  check("otherClaims", [...expected].sort(), names.sort());
}

async function isBound(evidence: RaTlsEvidence): Promise<boolean> {
  try {
    await checkRaTlsBinding(evidence, raTlsReportDataOf(evidence));
    return true;
  } catch (error) {
    if (error instanceof AttestationError) return false;
    throw error;
  }
}

async function checkLegacy(
  { certificate, evidence, ignored }: RaTlsCertificate,
  expected: Json | undefined,
  check: Check,
): Promise<void> {
  if (expected === undefined) return;
  const [legacy] = ignored;
  if (legacy === undefined) return check("legacyExtension", "there", "missing");
  const { reportData } = parseQuote(legacy.value).body;
  const spkiHash = (await hashOf(certificate.spki)).padEnd(128, "0");
  const actual = {
    oidAsDecoded: legacy.oid,
    quoteSha256: await hashOf(legacy.value),
    reportDataIsSpkiSha256: toHex(reportData) === spkiHash,
    sameQuoteAsEvidence: equalBytes(legacy.value, evidence.evidence),
  };
  checkFields("legacyExtension", expected, actual, check);
}

/** The quote, by itself and inside its certificate, whose validity does not count here. */
async function checkVerification(
  item: IndexCase,
  der: Uint8Array,
  { certificate, evidence }: RaTlsCertificate,
  { read, check }: CaseContext,
): Promise<void> {
  const { verify } = item.expected;
  const quoteInput = await loadQuoteInput(item, evidence.evidence, read);
  const now = new Date(quoteInput.time * 1000);
  const verifyQuote = async (bytes: Uint8Array): Promise<VerifiedQuote> => {
    const outcome = await verifyInput({ ...quoteInput, bytes }, read);
    if (outcome instanceof AttestationError) throw outcome;
    return outcome;
  };
  const verifyEvidence = async (quote: Uint8Array) => (await verifyQuote(quote)).body;
  try {
    checkVerified(await verifyQuote(quoteInput.bytes), item.expected, check);
    if (verify?.ok === false) check("verify", verify.errorAnyOf, "accepted");
    // A certificate of a CA that no case names cannot be checked further.
    const isSelfIssued = equalBytes(certificate.issuerRaw, certificate.subjectRaw);
    if (!isSelfIssued || item.mutate !== undefined) return;
    const input = { certificate: der, verifyEvidence, now };
    await verifyRaTls({ ...input, certValidity: "ignore" });
    await checkValidity(async () => await verifyRaTls(input), certificate, now, check);
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    if (verify?.errorAnyOf?.includes(error.code) !== true) {
      check("verify", verify?.errorAnyOf ?? "accepted", `${error.code}: ${error.message}`);
    }
  }
}

async function loadQuoteInput(
  item: IndexCase,
  bytes: Uint8Array,
  read: ReadFile,
): Promise<CaseInput> {
  const { collateral, trustAnchor: anchor = INTEL_ROOT, time = 0 } = item;
  const json = collateral === undefined ? undefined : await readJson(read, collateral);
  let input: CaseInput = { bytes, collateral: json, anchor, time };
  for (const mutation of item.mutate ?? []) input = await mutate(input, mutation, read);
  return input;
}

/** By default a certificate that is not in force is refused, with that code and no other. */
async function checkValidity(
  verify: () => Promise<unknown>,
  { notBefore, notAfter }: RaTlsCertificate["certificate"],
  now: Date,
  check: Check,
): Promise<void> {
  const expected = now >= notBefore && now <= notAfter ? "accepted" : "RATLS_CERT_VALIDITY";
  try {
    await verify();
    check("certValidity", expected, "accepted");
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    check("certValidity", expected, error.code);
  }
}

function isoSeconds(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
