import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromHex } from "@carrara/encoding";
import type { IndexCase } from "./index-case.ts";
import { readIndexCases, VECTOR_INDEX } from "./vectors.ts";

/** This repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const README = join(ROOT, "packages/attestation/README.md");

/** The code block of the library's README in `language`. Throws when there is not exactly one. */
export function readmeBlock(language: string): string {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm");
  const [block, ...others] = [...readFileSync(README, "utf8").matchAll(pattern)];
  if (block?.[1] === undefined || others.length > 0) throw new Error(`not one ${language} block`);
  return block[1];
}

/** Names of code in the rows of the README's table whose last column says `inBundle`. */
export function readmeExports(inBundle: "yes" | "no"): string[] {
  const rows = readFileSync(README, "utf8").matchAll(/^\| (.*) \| (yes|no) \|$/gm);
  const cells = [...rows].flatMap(([, cell = "", bundled]) => (bundled === inBundle ? [cell] : []));
  return [...cells.join().matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
}

/** Genuine evidence that a README's example verifies, under the names that it uses. */
export interface Example {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** When the evidence was verifiable. */
  readonly time: Date;
}

/** A TDX quote with its collateral. */
export async function loadQuoteExample(): Promise<Example> {
  const item = caseOf("tdx-phala-up-to-date");
  const files = new Map([
    ["quote.bin", await readVector(item.quote)],
    ["collateral.json", await readVector(item.collateral)],
  ]);
  return { files, time: timeOf(item) };
}

/** An SNP report, the certificate of its key, and the measurement that is expected. */
export async function loadReportExample(): Promise<Example> {
  const item = caseOf("snp-oak-genoa-v5");
  const files = new Map([
    ["report.bin", await readVector(item.report)],
    ["vcek.der", await readVector(item.vek)],
    ["cert_chain.pem", await readVector(item.chain)],
    ["measurement.bin", fromHex(String(item.expected.claims?.["measurement"]))],
  ]);
  return { files, time: timeOf(item) };
}

function caseOf(wanted: string): IndexCase {
  const item = readIndexCases().find(({ id }) => id === wanted);
  if (item === undefined) throw new Error(`the index has no case ${wanted}`);
  return item;
}

function timeOf({ time = 0 }: IndexCase): Date {
  return new Date(time * 1000);
}

async function readVector(file: string | undefined): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(dirname(VECTOR_INDEX), String(file))));
}
