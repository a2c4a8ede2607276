import { createDcapVerifier, createSnpVerifier, INTEL_SGX_ROOT } from "@carrara/attestation";
import { PHALA, phalaVerify } from "../tests/conformance/phala.ts";
import { loadQuoteCases, loadReportCase, type QuoteCase } from "./evidence-files.ts";
import { compare, perSecond, type Work } from "./measure.ts";
import type { BenchCase, BenchReport } from "./report.ts";

const UNIT = "verifications/s";
const RAW_MS = 1000;
/** Between the signed parts of a TDX quote and of an SNP report. */
const SIGNED_BYTES = 650;

/**
 * Verifications a second with cached collateral, of one platform over and over: quotes against
 * @phala/dcap-qvl, SNP reports against the one signature that each of them costs.
 */
export async function benchQuoteVerify(): Promise<BenchReport> {
  const cases: BenchCase[] = [];
  for (const item of await loadQuoteCases()) cases.push(await benchQuote(item));
  cases.push(await benchReport());
  const [first] = cases;
  if (first === undefined) throw new Error("there is nothing to verify");
  return {
    ...first,
    name: "quote-verify",
    goal: "SGX and TDX: ratio >= 10; SNP: >= 700/s",
    cases,
  };
}

async function benchQuote(item: QuoteCase): Promise<BenchCase> {
  const { quote, collateral, nowSeconds } = item;
  const verifier = createDcapVerifier();
  const now = new Date(nowSeconds * 1000);
  const ours = async (): Promise<unknown> =>
    await verifier.verify({ quote, collateral, anchor: INTEL_SGX_ROOT, now });
  const result = await compare(item.name, UNIT, ours, { what: PHALA, run: phalaVerify(item) });
  const bound = await perSecond(await verificationOf("P-256", "SHA-256"), RAW_MS);
  return {
    ...result,
    details: {
      bound: "the work that no memory saves: one P-256 verification",
      boundPerSecond: Math.round(bound),
      shareOfBound: Math.round((100 * result.measured.median) / bound) / 100,
    },
  };
}

async function benchReport(): Promise<BenchCase> {
  const { report, vek, chain, nowSeconds } = await loadReportCase();
  const verifier = createSnpVerifier();
  const now = new Date(nowSeconds * 1000);
  const ours = async (): Promise<unknown> => await verifier.verify({ report, vek, chain, now });
  const run = await verificationOf("P-384", "SHA-384");
  const theirs = { what: "one P-384 verification alone", run };
  return await compare("SNP v5", UNIT, ours, theirs);
}

/** What it costs WebCrypto to check a signature over as many bytes as evidence has. */
async function verificationOf(namedCurve: "P-256" | "P-384", hash: string): Promise<Work["run"]> {
  const { subtle } = crypto;
  const use = { name: "ECDSA", hash };
  const pair = await subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign", "verify"]);
  const data = new Uint8Array(SIGNED_BYTES);
  const signature = await subtle.sign(use, pair.privateKey, data);
  return async () => await subtle.verify(use, pair.publicKey, signature, data);
}
