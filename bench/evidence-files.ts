import { readFile } from "node:fs/promises";
import type { DcapCollateral } from "@carrara/attestation";
import type { QuoteInput } from "../tests/conformance/phala.ts";

const VECTORS = new URL("../../shared/vectors/", import.meta.url);

/** A genuine quote with what verifies it at one time. */
export interface QuoteCase extends QuoteInput {
  readonly name: string;
}

const QUOTES = [
  {
    name: "SGX v3",
    quote: "quotes/sgx-automata-hardening.quote.bin",
    collateral: "collateral/sgx-00606a000000-2025-08.json",
    nowSeconds: 1_756_530_546,
  },
  {
    name: "TDX v4",
    quote: "quotes/tdx-phala-up-to-date.quote.bin",
    collateral: "collateral/tdx-b0c06f000000-2025-06.json",
    nowSeconds: 1_751_624_191,
  },
] as const;

/** The quotes that both libraries can verify. */
export async function loadQuoteCases(): Promise<QuoteCase[]> {
  return await Promise.all(
    QUOTES.map(async ({ name, quote, collateral, nowSeconds }) => ({
      name,
      quote: await vector(quote),
      collateral: JSON.parse(text(await vector(collateral))) as DcapCollateral,
      nowSeconds,
    })),
  );
}

/** A genuine SNP report with its endorsements. */
export interface ReportCase {
  readonly report: Uint8Array;
  readonly vek: Uint8Array;
  readonly chain: string;
  readonly nowSeconds: number;
}

/** A report of Genoa, version 5. */
export async function loadReportCase(): Promise<ReportCase> {
  return {
    report: await vector("snp/snp-oak-genoa-v5.report.bin"),
    vek: await vector("snp/snp-oak-genoa-v5.vcek.der"),
    chain: text(await vector("anchors/amd-genoa-vcek-ask-ark.pem")),
    nowSeconds: 1_757_179_301,
  };
}

async function vector(file: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(file, VECTORS)));
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
