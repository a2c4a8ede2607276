import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createSimulationAnchor, type DcapCollateral, INTEL_SGX_ROOT } from "@carrara/attestation";
import { equalBytes, fromBase64, fromHex, parsePem, utf8 } from "@carrara/encoding";
import { parseCertificate } from "@carrara/pki";
import type { DcapCase, RaTlsCase, Seeds, SnpCase } from "./world.ts";

const VECTORS = fileURLToPath(new URL("../../../shared/vectors/", import.meta.url));

/** Evidence of real machines, from the vectors beside this repository. */
export interface GenuineEvidence {
  readonly dcap: readonly DcapCase[];
  readonly snp: readonly SnpCase[];
  readonly raTls: readonly RaTlsCase[];
  readonly seeds: Seeds;
}

interface IndexCase {
  readonly id: string;
  readonly kind: string;
  readonly mutate?: unknown;
  readonly quote?: string;
  readonly collateral?: string;
  readonly trustAnchor?: string;
  readonly report?: string;
  readonly vek?: string;
  readonly chain?: string;
  readonly certificate?: string;
  readonly time?: number;
  readonly expected: { readonly verify?: { readonly ok?: boolean } };
}

/** What the vectors hold; nothing where there are none. */
export function loadGenuine(): GenuineEvidence {
  if (!existsSync(`${VECTORS}INDEX.json`)) return { dcap: [], snp: [], raTls: [], seeds: {} };
  const { cases } = JSON.parse(text("INDEX.json")) as { readonly cases: readonly IndexCase[] };
  const good = cases.filter(
    ({ mutate, expected }) => mutate === undefined && expected.verify?.ok === true,
  );
  const ofKinds = (...kinds: string[]): IndexCase[] =>
    good.filter(({ kind }) => kinds.includes(kind));
  return {
    dcap: ofKinds("sgx-dcap", "tdx-dcap").map(dcapCase),
    snp: ofKinds("snp").map(snpCase),
    raTls: ofKinds("ra-tls").map((item) => ({
      name: item.id,
      certificate: raTlsCertificate(item.certificate),
      endorsements: { dcap: dcapEndorsements(item) },
      now: timeOf(item),
    })),
    seeds: { ...fileSeeds(), ...azureSeeds() },
  };
}

function dcapCase(item: IndexCase): DcapCase {
  return { name: item.id, quote: file(item.quote), ...dcapEndorsements(item) };
}

function dcapEndorsements(item: IndexCase): Omit<DcapCase, "name" | "quote"> {
  const root = parsePem(text(item.trustAnchor)).at(0)?.bytes ?? new Uint8Array();
  return {
    collateral: JSON.parse(text(item.collateral)) as DcapCollateral,
    anchor: equalBytes(parseCertificate(root).spki, INTEL_SGX_ROOT.spki)
      ? INTEL_SGX_ROOT
      : createSimulationAnchor(root),
    now: timeOf(item),
  };
}

function snpCase(item: IndexCase): SnpCase {
  return {
    name: item.id,
    report: file(item.report),
    vek: file(item.vek),
    chain: item.chain === undefined ? "" : text(item.chain),
    now: timeOf(item),
  };
}

function timeOf({ time = 0 }: IndexCase): Date {
  return new Date(time * 1000);
}

function raTlsCertificate(path: string | undefined): Uint8Array {
  const bytes = file(path);
  return bytes[0] === 0x30 ? bytes : (parsePem(text(path)).at(0)?.bytes ?? new Uint8Array());
}

function fileSeeds(): Seeds {
  const chains = inFolder("anchors").map(file);
  const collateral = inFolder("collateral").map((path) => ({
    bytes: file(path),
    json: JSON.parse(text(path)) as DcapCollateral,
  }));
  return {
    quote: inFolder("quotes").map(file),
    report: inFolder("snp")
      .filter((path) => path.endsWith(".report.bin"))
      .map(file),
    vek: inFolder("snp")
      .filter((path) => path.endsWith(".der"))
      .map(file),
    sigstruct: inFolder("sgx").map(file),
    chain: chains,
    bundle: collateral.map(({ bytes }) => bytes),
    crl: collateral.flatMap(({ json }) => [fromHex(json.pckCrl), fromHex(json.rootCaCrl)]),
    raTls: inFolder("ratls").map(raTlsCertificate),
    tcbInfo: collateral.map(({ json }) => utf8(json.tcbInfo)),
  };
}

interface AzureFile {
  readonly hcl_report: unknown;
  readonly report: unknown;
  readonly tpm_quote: { readonly message: unknown };
}

function azureSeeds(): Seeds {
  const files = inFolder("azure").map((path) => JSON.parse(text(path)) as AzureFile);
  return {
    hcl: files.map((json) => bytesOf(json.hcl_report ?? json.report)),
    tpmQuote: files.map(({ tpm_quote: { message } }) => bytesOf(message)),
  };
}

/** An array of numbers, hex, base64 or base64url. */
function bytesOf(value: unknown): Uint8Array {
  if (Array.isArray(value)) return Uint8Array.from(value as readonly number[]);
  const words = String(value).trim();
  if (words.length % 2 === 0 && /^[0-9a-f]*$/i.test(words)) return fromHex(words);
  const standard = words.replaceAll("-", "+").replaceAll("_", "/").replaceAll("=", "");
  return fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, "="));
}

function inFolder(folder: string): string[] {
  return readdirSync(VECTORS + folder)
    .toSorted()
    .map((name) => `${folder}/${name}`);
}

function file(path: string | undefined): Uint8Array {
  if (path === undefined) throw new TypeError("the case does not name a file");
  return new Uint8Array(readFileSync(VECTORS + path));
}

function text(path: string | undefined): string {
  return new TextDecoder().decode(file(path));
}
