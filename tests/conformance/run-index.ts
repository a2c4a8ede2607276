import { readFile } from "node:fs/promises";
import {
  AttestationError,
  appraiseSgx,
  createSgxVerifier,
  createSimulationAnchor,
  type DcapCollateral,
  INTEL_SGX_ROOT,
  mrSignerOf,
  parseQuote,
  type QuoteHeader,
  type SgxQuote,
  type SgxReportBody,
  type TrustAnchor,
  type VerifiedSgxQuote,
  verifySigstruct,
} from "@carrara/attestation";
import { equalBytes, parsePem, toHex } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import { type CaseInput, type Mutation, mutate, readJson } from "./mutate.ts";

/** A JSON value of an index, looked at with care. */
type Json = Record<string, unknown>;

interface IndexCase extends Json {
  readonly id: string;
  readonly kind: string;
  readonly expected: Json;
}

/** Outcome of a run: how many passed, which failed and why, which kinds were not run. */
export interface IndexResult {
  readonly passed: number;
  readonly failures: readonly string[];
  readonly skipped: ReadonlyMap<string, number>;
}

/** One check of a case: where, what was expected, what came. */
type Check = (where: string, expected: unknown, actual: unknown) => void;

/** Runs every case of the index at `url` whose kind is supported. */
export async function runIndex(url: URL): Promise<IndexResult> {
  const index = await readJson(url);
  const cases = index.cases as readonly IndexCase[];
  const resolve = (file: string): URL => new URL(file, url);
  const skipped = new Map<string, number>();
  const failures: string[] = [];
  let passed = 0;
  for (const item of cases) {
    const runner = RUNNERS[item.kind];
    if (runner === undefined) {
      skipped.set(item.kind, (skipped.get(item.kind) ?? 0) + 1);
      continue;
    }
    const wrong: string[] = [];
    const check: Check = (where, expected, actual) => {
      const [want, have] = [expected, actual].map((value) => JSON.stringify(value));
      if (want !== have) wrong.push(`${where}: expected ${want}, actual ${have}`);
    };
    try {
      await runner(item, { cases, resolve, check });
    } catch (error) {
      wrong.push(`the runner failed: ${String(error)}`);
    }
    if (wrong.length === 0) passed += 1;
    else failures.push(`${item.id}: ${wrong.join("; ")}`);
  }
  return { passed, failures, skipped };
}

interface Context {
  readonly cases: readonly IndexCase[];
  readonly resolve: (file: string) => URL;
  readonly check: Check;
}

const RUNNERS: Readonly<Record<string, (item: IndexCase, context: Context) => Promise<void>>> = {
  "sgx-dcap": runSgxCase,
  "sgx-sigstruct": runSigstructCase,
};

async function runSgxCase(item: IndexCase, { cases, resolve, check }: Context): Promise<void> {
  const input = await loadInput(item, resolve);
  const { expected } = item;
  const verify = expected.verify as Json;
  const same = cases.find(({ id }) => id === verify.sameAs);
  const parse = (expected.parse ?? expected) as Json;
  if (parse.header !== undefined) checkParsed(parseQuote(input.bytes), parse, check);
  const outcome = await verifyInput(input, resolve);
  if (verify.ok !== true) {
    const codes = verify.errorAnyOf as readonly string[];
    const actual = outcome instanceof AttestationError ? outcome.code : "accepted";
    if (!codes.includes(actual)) check("verify", codes, actual);
    return;
  }
  if (outcome instanceof AttestationError) {
    check("verify", "accepted", `${outcome.code}: ${outcome.message}`);
    return;
  }
  checkVerified(outcome, (same?.expected ?? expected) as Json, check);
  if (item.mutate !== undefined && same !== undefined) {
    check(
      "trailingBytes",
      input.bytes.length - quoteBytes(parseQuote(input.bytes)),
      outcome.trailingBytes,
    );
  }
}

function quoteBytes(quote: SgxQuote): number {
  return quote.signedBytes.length + 4 + quote.authDataSize;
}

async function loadInput(item: IndexCase, resolve: (file: string) => URL): Promise<CaseInput> {
  const collateral = item.collateral as string | undefined;
  let input: CaseInput = {
    bytes: new Uint8Array(await readFile(resolve(String(item.quote)))),
    collateral:
      collateral === undefined
        ? undefined
        : ((await readJson(resolve(collateral))) as unknown as Record<
            keyof DcapCollateral,
            string
          >),
    anchor: String(item.trustAnchor),
    time: Number(item.time ?? 0),
  };
  for (const mutation of (item.mutate ?? []) as readonly Mutation[]) {
    input = await mutate(input, mutation, resolve);
  }
  return input;
}

const NO_COLLATERAL: DcapCollateral = {
  tcbInfo: "",
  tcbInfoIssuerChain: "",
  qeIdentity: "",
  qeIdentityIssuerChain: "",
  pckCrl: "",
  pckCrlIssuerChain: "",
  rootCaCrl: "",
};

async function verifyInput(
  input: CaseInput,
  resolve: (file: string) => URL,
): Promise<VerifiedSgxQuote | AttestationError> {
  try {
    return await createSgxVerifier().verify({
      quote: input.bytes,
      collateral: input.collateral ?? NO_COLLATERAL,
      anchor: await loadAnchor(resolve(input.anchor)),
      now: new Date(input.time * 1000),
    });
  } catch (error) {
    if (error instanceof AttestationError) return error;
    throw error;
  }
}

async function loadAnchor(url: URL): Promise<TrustAnchor> {
  const [block] = parsePem(await readFile(url, "utf8"));
  const certificate = block?.bytes ?? new Uint8Array();
  return equalBytes(parseCertificate(certificate).spki, INTEL_SGX_ROOT.spki)
    ? INTEL_SGX_ROOT
    : createSimulationAnchor(certificate);
}

/** Compares what `expected` names with what `actual` has; null in an index means "does not apply". */
function checkFields(where: string, expected: unknown, actual: Json, check: Check): void {
  for (const [name, value] of Object.entries((expected ?? {}) as Json)) {
    check(`${where}.${name}`, value ?? undefined, actual[name]);
  }
}

function checkParsed(quote: SgxQuote, expected: Json, check: Check): void {
  checkFields("header", expected.header, headerJson(quote.header, quote), check);
  checkFields("measurements", expected.measurements, bodyJson(quote.body), check);
}

function headerJson(header: QuoteHeader, quote: SgxQuote): Json {
  return {
    ...header,
    qeVendorId: toHex(header.qeVendorId),
    userData: toHex(header.userData),
    authDataSize: quote.authDataSize,
    certDataType: quote.certDataType,
    qeAuthDataSize: quote.qeAuthData.length,
    trailingBytes: quote.trailingBytes,
  };
}

function bodyJson(body: SgxReportBody): Json {
  return {
    mrEnclave: toHex(body.mrEnclave),
    mrSigner: toHex(body.mrSigner),
    isvProdId: body.isvProdId,
    isvSvn: body.isvSvn,
    attributes: toHex(body.attributes),
    miscSelect: toHex(body.miscSelect),
    cpuSvn: toHex(body.cpuSvn),
    reportData: toHex(body.reportData),
  };
}

function checkVerified(verified: VerifiedSgxQuote, expected: Json, check: Check): void {
  checkFields("pck", expected.pck, { ...verified.pck }, check);
  const seconds = (date: Date): number => date.getTime() / 1000;
  const { collateral, tcbDate } = verified;
  const actual: Json = {
    ok: true,
    status: verified.status,
    advisoryIds: verified.advisoryIds,
    tcbDate: tcbDate.toISOString().replace(".000Z", "Z"),
    tcbEvaluationDataNumber: verified.tcbEvaluationDataNumber,
    collateralEarliestIssue: seconds(collateral.earliestIssue),
    collateralLatestIssue: seconds(collateral.latestIssue),
    collateralExpiration: seconds(collateral.earliestExpiry),
  };
  checkFields("verify", expected.verify, actual, check);
  const violations = appraiseSgx(verified, { measurement: "any", reportData: "any" });
  const policy = expected.defaultPolicy as Json;
  check("defaultPolicy.accept", policy.accept, violations.length === 0);
  check(
    "defaultPolicy.violations",
    policy.violations ?? [],
    violations.map(({ code }) => code),
  );
}

async function runSigstructCase(item: IndexCase, { resolve, check }: Context): Promise<void> {
  const bytes = new Uint8Array(await readFile(resolve(String(item.sigstruct))));
  const sigstruct = await verifySigstruct(bytes);
  checkFields(
    "sigstruct",
    item.expected,
    {
      mrSigner: toHex(await mrSignerOf(sigstruct.modulus)),
      mrEnclave: toHex(sigstruct.mrEnclave),
      attributes: toHex(sigstruct.attributes),
      isvProdId: sigstruct.isvProdId,
      isvSvn: sigstruct.isvSvn,
      exponent: sigstruct.exponent,
      signatureOk: true,
    },
    check,
  );
}
