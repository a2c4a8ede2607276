import { parseChain } from "../certificate-check.ts";
import { AttestationError } from "../error.ts";
import { type PckInfo, readPckInfo } from "./pck-certificate.ts";
import { pckChainOf, type Quote } from "./quote.ts";

/** What a service must be asked for to get a quote's collateral. Unverified: a hint only. */
export interface CollateralRequest {
  /** Lower-case hex, 6 bytes. */
  readonly fmspc: string;
  readonly pceId: string;
  readonly ca: "processor" | "platform";
  /** DER of the root that the quote's own chain ends in. */
  readonly rootCertificate: Uint8Array;
  /** All that the leaf says. */
  readonly pck: PckInfo;
}

/** Reads the PCK chain inside a quote. Throws `PCK_CERT_UNAVAILABLE`, `CERT_…`. */
export function pckInfoOfQuote(quote: Quote): CollateralRequest {
  const text = pckChainOf(quote);
  if (text === undefined) {
    throw new AttestationError("PCK_CERT_UNAVAILABLE", "the quote carries no certificate chain");
  }
  const [leaf, , root] = parseChain(text, 3);
  if (leaf === undefined || root === undefined) {
    throw new AttestationError("CERT_CHAIN_INVALID", "chain is incomplete");
  }
  const pck = readPckInfo(leaf);
  const { fmspc, pceId, ca } = pck;
  return {
    fmspc,
    pceId,
    ca: ca.endsWith("Processor CA") ? "processor" : "platform",
    rootCertificate: root.raw,
    pck,
  };
}
