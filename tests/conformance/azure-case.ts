import {
  AttestationError,
  type AttestationErrorCode,
  appraiseSnp,
  createSnpVerifier,
  type HclReport,
  parseHclReport,
  parseQuote,
  parseSnpReport,
  parseTpmQuote,
  verifyAzureVtpm,
} from "@carrara/attestation";
import { fromBase64, fromHex, parsePem, toHex } from "@carrara/encoding";
import { checkParsed, checkVerified, verifyInput } from "./dcap-case.ts";
import {
  type CaseContext,
  checkFields,
  type Expected,
  type IndexCase,
  type Json,
  type ReadFile,
  readJson,
  readText,
} from "./index-case.ts";
import { claimsJson, vekJson } from "./snp-case.ts";

/** What must come out of Azure's evidence; every member that is there is checked. */
interface AzureExpected extends Expected {
  readonly hcl?: Json;
  readonly tpm?: Json;
  readonly akModulusSha256?: string;
  readonly reportDataBindsVariableData?: boolean;
  readonly quote?: Expected;
}

/** Parts of an evidence file. */
interface AzureEvidence {
  readonly hclReport: Uint8Array;
  readonly tpm: {
    readonly message: Uint8Array;
    readonly signature: Uint8Array;
    readonly pcrs: readonly Uint8Array[];
  };
  readonly vcek: Uint8Array | undefined;
  readonly tdQuote: Uint8Array | undefined;
}

/** Runs a case of kind `azure-vtpm`: HCL report, TPM quote, and what the hardware says. */
export async function runAzureCase(item: IndexCase, context: CaseContext): Promise<void> {
  const { read, check } = context;
  const expected = item.expected as AzureExpected;
  const evidence = await readEvidence(item, read);
  const hcl = parseHclReport(evidence.hclReport);
  checkFields("hcl", expected.hcl ?? {}, await hclJson(hcl), check);
  const { attestationKeyModulus } = hcl.variables;
  const modulusHash = await hashOf(attestationKeyModulus);
  check("akModulusSha256", expected.akModulusSha256 ?? modulusHash, modulusHash);
  const code = await verify(item, evidence, context);
  const tpm = tpmJson(evidence, code);
  checkFields("tpm", expected.tpm ?? {}, tpm, check);
  const binds = expected.reportDataBindsVariableData ?? true;
  check("reportDataBindsVariableData", binds, code !== "HCL_BINDING");
  const wanted = expected.verify?.errorAnyOf;
  const isFlagged = code !== "accepted" && isTold(expected, tpm, code);
  if (wanted?.includes(code) !== true && !isFlagged) check("verify", wanted ?? "accepted", code);
  if (evidence.tdQuote !== undefined) checkParsed(evidence.tdQuote, expected.quote ?? {}, context);
}

/** Whether another member of the case says that this check fails. */
function isTold(expected: AzureExpected, tpm: Json, code: string): boolean {
  if (code === "HCL_BINDING") return expected.reportDataBindsVariableData === false;
  const flag = code === "TPM_QUOTE_SIGNATURE_INVALID" ? "signatureOk" : "pcrDigestOk";
  return code.startsWith("TPM_QUOTE_") && expected.tpm?.[flag] === false && tpm[flag] === false;
}

async function verify(
  item: IndexCase,
  { hclReport, tpm, vcek, tdQuote }: AzureEvidence,
  context: CaseContext,
): Promise<AttestationErrorCode | "accepted"> {
  const nonce = (item.expected as AzureExpected).tpm?.["nonce"];
  try {
    await verifyAzureVtpm({
      hclReport,
      tpmQuote: tpm,
      nonce: fromHex(String(nonce ?? "")),
      ...(tdQuote && { tdQuote }),
      verifyEvidence: async (evidence, tee) =>
        tee === "snp"
          ? await verifyReport(item, evidence, vcek, context)
          : await verifyTdQuote(item, evidence, context),
    });
    return "accepted";
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
}

interface Attested {
  readonly reportData: Uint8Array;
}

async function verifyReport(
  item: IndexCase,
  report: Uint8Array,
  vek: Uint8Array | undefined,
  { read, check }: CaseContext,
): Promise<Attested> {
  // Without the key's certificate there is nothing to verify the report with.
  if (vek === undefined) return parseSnpReport(report);
  const { chain, time = 0, expected } = item;
  const verified = await createSnpVerifier().verify({
    report,
    vek,
    ...(chain && { chain: await readText(read, chain) }),
    now: new Date(time * 1000),
  });
  checkFields("claims", expected.claims ?? {}, claimsJson(verified.claims), check);
  checkFields("vek", expected.vek ?? {}, vekJson(verified.vek), check);
  check("warnings", expected.warnings ?? verified.warnings, verified.warnings);
  const actual = { ok: true, product: verified.product, signingKey: verified.signingKey };
  checkFields("verify", expected.verify ?? {}, actual, check);
  if (expected.defaultPolicy !== undefined) {
    const policy = { measurement: "any", reportData: "any", vmpl: "any" } as const;
    const codes = appraiseSnp(verified, policy).map(({ code }) => code);
    check("defaultPolicy.accept", expected.defaultPolicy.accept, codes.length === 0);
    const violations = [...(expected.defaultPolicy.violations ?? [])];
    check("defaultPolicy.violations", violations.sort(), codes.sort());
  }
  return verified.claims;
}

async function verifyTdQuote(
  item: IndexCase,
  quote: Uint8Array,
  { read, check }: CaseContext,
): Promise<Attested> {
  // A case without collateral is about the binding only.
  if (item.collateral === undefined) return parseQuote(quote).body;
  const collateral = await readJson(read, item.collateral);
  const { trustAnchor: anchor = "anchors/intel-sgx-root-ca.pem", time = 0 } = item;
  const outcome = await verifyInput({ bytes: quote, collateral, anchor, time }, read);
  if (outcome instanceof AttestationError) throw outcome;
  checkVerified(outcome, item.expected, check);
  return outcome.body;
}

/** The evidence file; certificate and TD quote may be files of their own. */
async function readEvidence(item: IndexCase, read: ReadFile): Promise<AzureEvidence> {
  const json = await readJson(read, String(item.evidence));
  const file = async (path: string | undefined): Promise<Uint8Array | undefined> =>
    path === undefined ? undefined : await read(path);
  const tpm = json["tpm_quote"] as Json;
  const optional = (name: string): Uint8Array | undefined =>
    json[name] === undefined || json[name] === null ? undefined : bytesOf(json[name]);
  return {
    hclReport: bytesOf(json["hcl_report"] ?? json["report"]),
    tpm: {
      message: bytesOf(tpm["message"]),
      signature: bytesOf(tpm["signature"]),
      pcrs: (tpm["pcrs"] as readonly unknown[]).map(bytesOf),
    },
    vcek: optional("vcek") ?? (await file(item.vek)),
    tdQuote: optional("td_quote") ?? (await file(item.quote)),
  };
}

/** Bytes as evidence files have them: an array of numbers, PEM, hex, base64 or base64url. */
function bytesOf(value: unknown): Uint8Array {
  if (Array.isArray(value)) return Uint8Array.from(value as readonly number[]);
  const text = String(value).trim();
  if (text.startsWith("-----BEGIN ")) return parsePem(text).at(0)?.bytes ?? new Uint8Array(0);
  if (text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text)) return fromHex(text);
  const standard = text.replaceAll("-", "+").replaceAll("_", "/").replaceAll("=", "");
  return fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, "="));
}

async function hclJson(hcl: HclReport): Promise<Json> {
  return {
    ...hcl,
    variableDataSize: hcl.variableData.length,
    variableDataSha256: await hashOf(hcl.variableData),
  };
}

/** What the TPM's quote says, and which of its checks the verdict `code` stands for. */
function tpmJson({ tpm }: AzureEvidence, code: string): Json {
  const quote = parseTpmQuote(tpm.message);
  const pcrs = tpm.pcrs.map((value, index) => [`pcr${index}`, toHex(value)] as const);
  return {
    ...Object.fromEntries(pcrs),
    signatureOk: code !== "TPM_QUOTE_SIGNATURE_INVALID",
    nonce: toHex(quote.extraData),
    pcrSelection: quote.pcrSelection.map(({ algorithm, mask }) => [algorithm, toHex(mask)]),
    pcrDigest: toHex(quote.pcrDigest),
    pcrDigestOk: code !== "TPM_QUOTE_MISMATCH",
  };
}

async function hashOf(bytes: Uint8Array): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
