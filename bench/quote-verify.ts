import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createDcapVerifier, type DcapCollateral, INTEL_SGX_ROOT } from "@carrara/attestation";
import { type BenchReport, pairedRatio, series } from "./report.ts";

const VECTORS = new URL("../../shared/vectors/", import.meta.url);
const QUOTE = "quotes/sgx-automata-hardening.quote.bin";
const COLLATERAL = "collateral/sgx-00606a000000-2025-08.json";
const NOW_S = 1_756_530_546;
const ROUNDS = 5;
const ROUND_MS = 1500;

/** The parts of @phala/dcap-qvl that are measured; it ships no types for them. */
interface PhalaQvl {
  verify(quote: Uint8Array, collateral: unknown, nowSeconds: number): { status: string };
}

/** SGX verifications a second with cached collateral, against @phala/dcap-qvl on the same quote. */
export async function benchQuoteVerify(): Promise<BenchReport> {
  const quote = new Uint8Array(await readFile(new URL(QUOTE, VECTORS)));
  const collateral = JSON.parse(
    await readFile(new URL(COLLATERAL, VECTORS), "utf8"),
  ) as DcapCollateral;
  const verifier = createDcapVerifier();
  const now = new Date(NOW_S * 1000);
  const ours = async (): Promise<unknown> =>
    await verifier.verify({ quote, collateral, anchor: INTEL_SGX_ROOT, now });
  const phala = loadPhala(collateral);
  const theirs = async (): Promise<unknown> => phala(quote);

  const measured: number[] = [];
  const baseline: number[] = [];
  await perSecond(ours, ROUND_MS / 3);
  await perSecond(theirs, ROUND_MS / 3);
  for (let round = 0; round < ROUNDS; round += 1) {
    measured.push(await perSecond(ours, ROUND_MS));
    baseline.push(await perSecond(theirs, ROUND_MS));
  }
  return {
    name: "quote-verify",
    goal: "ratio >= 8",
    measured: series("verifications/s", measured),
    baseline: { what: "@phala/dcap-qvl 0.3.9", ...series("verifications/s", baseline) },
    ratio: pairedRatio(measured, baseline),
  };
}

function loadPhala(collateral: DcapCollateral): (quote: Uint8Array) => unknown {
  const require = createRequire(import.meta.url);
  const qvl = require("@phala/dcap-qvl") as PhalaQvl;
  const tcb = JSON.parse(collateral.tcbInfo) as { signature: string };
  const qe = JSON.parse(collateral.qeIdentity) as { signature: string };
  const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
  const inner = (body: string, member: string): string =>
    body.slice(body.indexOf(`"${member}":`) + member.length + 3, body.lastIndexOf(',"signature"'));
  const theirs = {
    tcb_info_issuer_chain: collateral.tcbInfoIssuerChain,
    tcb_info: inner(collateral.tcbInfo, "tcbInfo"),
    tcb_info_signature: bytes(tcb.signature),
    qe_identity_issuer_chain: collateral.qeIdentityIssuerChain,
    qe_identity: inner(collateral.qeIdentity, "enclaveIdentity"),
    qe_identity_signature: bytes(qe.signature),
    pck_crl_issuer_chain: collateral.pckCrlIssuerChain,
    pck_crl: bytes(collateral.pckCrl),
    root_ca_crl: bytes(collateral.rootCaCrl),
  };
  return (quote) => qvl.verify(quote, theirs, NOW_S);
}

async function perSecond(work: () => Promise<unknown>, durationMs: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < durationMs) {
    await work();
    count += 1;
  }
  return count / ((performance.now() - start) / 1000);
}
