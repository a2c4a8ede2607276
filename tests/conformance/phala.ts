import { createRequire } from "node:module";
import type { DcapCollateral } from "@carrara/attestation";

/** The parts of @phala/dcap-qvl that are measured; it ships no types for them. */
interface PhalaQvl {
  verify(quote: Uint8Array, collateral: unknown, nowSeconds: number): PhalaVerdict;
  readonly Quote: { parse(quote: Uint8Array): unknown };
}

/** A quote with what verifies it at one time. */
export interface QuoteInput {
  readonly quote: Uint8Array;
  readonly collateral: DcapCollateral;
  readonly nowSeconds: number;
}

/** What the peer says of a quote that it accepts. */
export interface PhalaVerdict {
  readonly status: string;
  readonly advisory_ids: readonly string[];
}

/** The peer that speed and verdicts are compared with. */
export const PHALA = "@phala/dcap-qvl 0.3.9";

const require = createRequire(import.meta.url);
const qvl = require("@phala/dcap-qvl") as PhalaQvl;

/** Makes the peer's verification of `item`, its collateral prepared beforehand. */
export function phalaVerify({ quote, collateral, nowSeconds }: QuoteInput): () => PhalaVerdict {
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
  return () => qvl.verify(quote, theirs, nowSeconds);
}

/** The peer's parser. */
export function phalaParse(quote: Uint8Array): unknown {
  return qvl.Quote.parse(quote);
}
