import { createRequire } from "node:module";
import type { QuoteCase } from "./evidence-files.ts";

/** The parts of @phala/dcap-qvl that are measured; it ships no types for them. */
interface PhalaQvl {
  verify(quote: Uint8Array, collateral: unknown, nowSeconds: number): { status: string };
  readonly Quote: { parse(quote: Uint8Array): unknown };
}

/** The peer whose speed is the yardstick. */
export const PHALA = "@phala/dcap-qvl 0.3.9";

const qvl = createRequire(import.meta.url)("@phala/dcap-qvl") as PhalaQvl;

/** Makes the peer's verification of `item`, its collateral prepared beforehand. */
export function phalaVerify({ quote, collateral, nowSeconds }: QuoteCase): () => unknown {
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
