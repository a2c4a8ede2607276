import { parseQuote, parseSnpReport } from "@carrara/attestation";
import { PHALA, phalaParse } from "../tests/conformance/phala.ts";
import { loadQuoteCases, loadReportCase } from "./evidence-files.ts";
import { compare } from "./measure.ts";
import type { BenchCase, BenchReport } from "./report.ts";

const UNIT = "parses/s";

/** Evidence read a second: quotes against @phala/dcap-qvl, SNP reports against a copy of their bytes. */
export async function benchEvidenceParse(): Promise<BenchReport> {
  const cases: BenchCase[] = [];
  for (const { name, quote } of await loadQuoteCases()) {
    const theirs = { what: PHALA, run: () => phalaParse(quote) };
    cases.push(await compare(name, UNIT, () => parseQuote(quote), theirs));
  }
  const { report } = await loadReportCase();
  const copy = { what: "copying the bytes", run: () => report.slice() };
  cases.push(await compare("SNP v5", UNIT, () => parseSnpReport(report), copy));
  const [first] = cases;
  if (first === undefined) throw new Error("there is nothing to parse");
  return { ...first, name: "evidence-parse", goal: "quotes: faster than the peer", cases };
}
