import {
  AttestationError,
  appraiseSgx,
  appraiseTdx,
  createDcapVerifier,
  createSimulationAnchor,
  type DcapCollateral,
  INTEL_SGX_ROOT,
  parseQuote,
  pckChainOf,
  pckInfoOfQuote,
  type Quote,
  type TrustAnchor,
  type VerifiedQuote,
} from "@carrara/attestation";
import { equalBytes, parsePem, toHex } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import {
  type CaseContext,
  type Check,
  checkFields,
  type EvidenceEncoders,
  type Expected,
  type IndexCase,
  type Json,
  type ReadFile,
  readJson,
  readText,
} from "./index-case.ts";
import { type CaseInput, mutate } from "./mutate.ts";

const NO_COLLATERAL: DcapCollateral = {
  tcbInfo: "",
  tcbInfoIssuerChain: "",
  qeIdentity: "",
  qeIdentityIssuerChain: "",
  pckCrl: "",
  pckCrlIssuerChain: "",
  rootCaCrl: "",
};

/** Runs a case of kind `sgx-dcap` or `tdx-dcap`: parsing, verification and the default policy. */
export async function runDcapCase(item: IndexCase, context: CaseContext): Promise<void> {
  const { cases, read, check } = context;
  const input = await loadInput(item, read);
  const { verify } = item.expected;
  const same = cases.find(({ id }) => id === verify?.sameAs);
  checkParsed(input.bytes, item.expected.parse ?? item.expected, context);
  const outcome = await verifyInput(input, read);
  if (verify?.ok !== true) {
    const codes = verify?.errorAnyOf ?? [];
    const actual = outcome instanceof AttestationError ? outcome.code : "accepted";
    if (!codes.includes(actual)) check("verify", codes, actual);
  } else if (outcome instanceof AttestationError) {
    check("verify", "accepted", `${outcome.code}: ${outcome.message}`);
  } else {
    checkVerified(outcome, same?.expected ?? item.expected, check);
    const { signedBytes, authDataSize } = parseQuote(input.bytes);
    const trailing = input.bytes.length - signedBytes.length - 4 - authDataSize;
    check("trailingBytes", trailing, outcome.trailingBytes);
  }
}

/** What a case verifies, its mutations applied. */
export async function loadInput(item: IndexCase, read: ReadFile): Promise<CaseInput> {
  const { collateral } = item;
  let input: CaseInput = {
    bytes: await read(String(item.quote)),
    collateral: collateral === undefined ? undefined : await readJson(read, collateral),
    anchor: String(item.trustAnchor),
    time: item.time ?? 0,
  };
  for (const mutation of item.mutate ?? []) input = await mutate(input, mutation, read);
  return input;
}

/** Verifies a quote; gives the refusal instead of throwing it. */
export async function verifyInput(
  input: CaseInput,
  read: ReadFile,
): Promise<VerifiedQuote | AttestationError> {
  try {
    return await createDcapVerifier().verify({
      quote: input.bytes,
      // The verifier itself says what a collateral file lacks.
      collateral: { ...NO_COLLATERAL, ...input.collateral },
      anchor: await loadAnchor(read, input.anchor),
      now: new Date(input.time * 1000),
    });
  } catch (error) {
    if (error instanceof AttestationError) return error;
    throw error;
  }
}

async function loadAnchor(read: ReadFile, file: string): Promise<TrustAnchor> {
  const block = parsePem(await readText(read, file)).at(0);
  if (block === undefined) throw new Error("the trust anchor's file holds no certificate");
  return equalBytes(parseCertificate(block.bytes).spki, INTEL_SGX_ROOT.spki)
    ? INTEL_SGX_ROOT
    : createSimulationAnchor(block.bytes);
}

/** Checks header, measurements and PCK certificate of a quote, where `expected` names them. */
export function checkParsed(
  bytes: Uint8Array,
  expected: Expected,
  { check, encoders }: CaseContext,
): void {
  // Mutated cases name no parts: many of them cannot be parsed.
  if (expected.header === undefined) return;
  const quote = parseQuote(bytes);
  checkFields("header", expected.header, headerJson(quote), check);
  checkFields("measurements", expected.measurements ?? {}, bodyJson(quote), check);
  if (encoders !== undefined) checkRebuilt(bytes, quote, encoders, check);
  if (expected.pck !== undefined) {
    checkFields("pck", expected.pck, { ...pckInfoOfQuote(quote).pck }, check);
  }
}

/** build(parse(real)) = real, for quotes with a PCK chain (specification section 8.6). */
function checkRebuilt(
  bytes: Uint8Array,
  quote: Quote,
  { encodeQuote }: EvidenceEncoders,
  check: Check,
): void {
  const pckChainPem = pckChainOf(quote);
  if (pckChainPem === undefined) return;
  const auth = { ...quote, qeReport: quote.qeReport.raw, pckChainPem };
  const rebuilt = encodeQuote(quote.signedBytes, auth);
  const end = bytes.length - quote.trailingBytes;
  check("rebuilt", toHex(bytes.subarray(0, end)), toHex(rebuilt));
}

function headerJson(quote: Quote): Json {
  return {
    ...quote.header,
    qeVendorId: toHex(quote.header.qeVendorId),
    userData: toHex(quote.header.userData),
    bodyType: quote.bodyType,
    authDataSize: quote.authDataSize,
    outerCertDataType: quote.outerCertDataType,
    certDataType: quote.certDataType,
    qeAuthDataSize: quote.qeAuthData.length,
    trailingBytes: quote.trailingBytes,
  };
}

function bodyJson({ tee, body }: Pick<Quote, "tee" | "body">): Json {
  const fields = Object.entries(body).map(([name, value]) => [
    name,
    value instanceof Uint8Array ? toHex(value) : value,
  ]);
  return { tee, ...Object.fromEntries(fields) };
}

function currentJson({ currentTcb }: VerifiedQuote): Json | undefined {
  if (currentTcb === undefined) return undefined;
  const { status, advisoryIds, tcbDate } = currentTcb;
  return { status, advisoryIds, tcbDate: isoSeconds(tcbDate) };
}

function isoSeconds(date: Date): string {
  return date.toISOString().replace(".000Z", "Z");
}

/** Checks what verification and the default policy say. */
export function checkVerified(verified: VerifiedQuote, expected: Expected, check: Check): void {
  const seconds = (date: Date): number => date.getTime() / 1000;
  const { collateral, tcbDate } = verified;
  checkFields("pck", expected.pck ?? {}, { ...verified.pck }, check);
  checkFields("measurements", expected.measurements ?? {}, bodyJson(verified), check);
  const actual = {
    ok: true,
    status: verified.status,
    advisoryIds: verified.advisoryIds,
    tcbDate: isoSeconds(tcbDate),
    tcbEvaluationDataNumber: verified.tcbEvaluationDataNumber,
    collateralEarliestIssue: seconds(collateral.earliestIssue),
    collateralLatestIssue: seconds(collateral.latestIssue),
    collateralExpiration: seconds(collateral.earliestExpiry),
    currentTcb: currentJson(verified),
  };
  checkFields("verify", expected.verify ?? {}, actual, check);
  if (expected.defaultPolicy === undefined) return;
  const policy = { measurement: "any", reportData: "any" } as const;
  const violations =
    verified.tee === "sgx" ? appraiseSgx(verified, policy) : appraiseTdx(verified, policy);
  const codes = violations.map(({ code }) => code);
  check("defaultPolicy.accept", expected.defaultPolicy.accept, violations.length === 0);
  check(
    "defaultPolicy.violations",
    [...(expected.defaultPolicy.violations ?? [])].sort(),
    codes.sort(),
  );
}
