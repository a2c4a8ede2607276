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
 * Verifications a second with cached collateral on one core: quotes against @phala/dcap-qvl, SNP
 * reports against the one signature that each of them costs.
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
  const bound = await perSecond(await leastWorkOfQuote(), RAW_MS);
  return {
    ...result,
    details: {
      bound: "the work that no memory saves: two P-256 verifications and the import of one key",
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
  const signed = await signSomething("P-384", "SHA-384");
  const theirs = { what: "one P-384 verification alone", run: signed.verify };
  return await compare("SNP v5", UNIT, ours, theirs);
}

/** The PCK's key stays in memory, the attestation key is the quote's own: one import, two signatures. */
async function leastWorkOfQuote(): Promise<Work["run"]> {
  const signed = await signSomething("P-256", "SHA-256");
  return async () => {
    await signed.verify();
    await signed.import();
    await signed.verify();
  };
}

interface Signed {
  readonly verify: () => Promise<unknown>;
  readonly import: () => Promise<unknown>;
}

/** A signature over as many bytes as evidence has, and what it costs WebCrypto to check it. */
async function signSomething(namedCurve: "P-256" | "P-384", hash: string): Promise<Signed> {
  const { subtle } = crypto;
  const key = { name: "ECDSA", namedCurve };
  const use = { name: "ECDSA", hash };
  const pair = await subtle.generateKey(key, true, ["sign", "verify"]);
  const data = new Uint8Array(SIGNED_BYTES);
  const signature = await subtle.sign(use, pair.privateKey, data);
  const point = await subtle.exportKey("raw", pair.publicKey);
  return {
    verify: async () => await subtle.verify(use, pair.publicKey, signature, data),
    import: async () => await subtle.importKey("raw", point, key, false, ["verify"]),
  };
}
