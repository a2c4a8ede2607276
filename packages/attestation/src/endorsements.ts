import { EncodingError, encodePem, equalBytes, fromHex, toHex } from "@carrara/encoding";
import { type Certificate, PkiError, parseCertificate } from "@carrara/pki";
import type { DcapCollateral } from "./dcap/collateral.ts";
import { pckInfoOfQuote } from "./dcap/pck-info.ts";
import { parseQuote, pckChainOf, type Quote } from "./dcap/quote.ts";
import { AttestationError } from "./error.ts";
import type { Evidence } from "./evidence.ts";
import { createMemo } from "./memo.ts";
import { CERT_TABLE_GUID, parseCertTable } from "./snp/cert-table.ts";
import type { SnpProduct } from "./snp/product.ts";
import { parseSnpReport } from "./snp/report.ts";
import { decodeSnpTcb, type SnpTcb } from "./snp/tcb.ts";
import { readVekInfo } from "./snp/vek-extensions.ts";

/** Chains that stay in memory; a mesh has a few platforms, and a chain is below 64 KiB. */
const MEMO_CAPACITY = 32;

/** Endorsements of an AMD platform; what is left out is taken from the evidence, or not checked. */
export interface AmdEndorsements {
  /** DER of the VCEK or VLEK. */
  readonly vek?: Uint8Array;
  /** PEM of ASK or ASVK, then ARK. */
  readonly chain?: string;
  /** DER of the ARK's revocation list. */
  readonly crl?: Uint8Array;
}

/** What a vendor says about a platform; all of it is untrusted input. */
export type Endorsements =
  | { readonly vendor: "intel"; readonly collateral: DcapCollateral }
  | ({ readonly vendor: "amd" } & AmdEndorsements);

/** What a service must be asked for to get the endorsements of evidence. Unverified: a hint only. */
export type EndorsementRequest =
  | {
      readonly vendor: "intel";
      readonly tee: "sgx" | "tdx";
      /** Lower-case hex, 6 bytes. */
      readonly fmspc: string;
      readonly ca: "processor" | "platform";
      /** DER of the root that the evidence's own chain ends in. */
      readonly rootCertificate: Uint8Array;
    }
  | {
      readonly vendor: "amd";
      readonly key: "vcek" | "vlek";
      readonly product: SnpProduct;
      /** CHIP_ID, 64 bytes. */
      readonly hwId: Uint8Array;
      readonly tcb: SnpTcb;
      /** What came with the evidence. */
      readonly carried: AmdEndorsements;
      /** DER of the ARK, where it came with the evidence. */
      readonly rootCertificate: Uint8Array | undefined;
    };

/**
 * Names the endorsements that `evidence` needs. Throws what the parsers throw, `PCK_CERT_UNAVAILABLE`
 * and `SNP_PRODUCT_UNKNOWN`.
 */
export function endorsementRequestOf(evidence: Evidence): EndorsementRequest {
  if (evidence.tee !== "snp") return requestOfQuote(parseQuote(evidence.quote));
  const report = parseSnpReport(evidence.report);
  const { carried, ark } = readTable(evidence.certTable);
  const key = report.signerInfo.signingKey === "VLEK" ? "vlek" : "vcek";
  const product = report.product ?? productOfVek(carried.vek, key);
  const tcb = decodeSnpTcb(report.reportedTcb, product);
  return { vendor: "amd", key, product, hwId: report.chipId, tcb, carried, rootCertificate: ark };
}

function requestOfQuote(quote: Quote): EndorsementRequest {
  const { fmspc, ca, rootCertificate } = pckInfoOfQuote(quote);
  return { vendor: "intel", tee: quote.tee, fmspc, ca, rootCertificate };
}

/**
 * Makes an {@link endorsementRequestOf} that remembers what it read of the chains of quotes, by their
 * whole text: the same chain gives the same object.
 */
export function createEndorsementRequests(): (evidence: Evidence) => Promise<EndorsementRequest> {
  const requests = createMemo<EndorsementRequest>(MEMO_CAPACITY);
  return async (evidence) => {
    if (evidence.tee === "snp") return endorsementRequestOf(evidence);
    const quote = parseQuote(evidence.quote);
    const key = [quote.tee, pckChainOf(quote) ?? ""];
    return await requests.get(key, async () => await Promise.resolve(requestOfQuote(quote)));
  };
}

/** A report of version 2 does not say what processor it is of; its VEK does. */
function productOfVek(vek: Uint8Array | undefined, key: "vcek" | "vlek"): SnpProduct {
  const kind = key === "vlek" ? "VLEK" : "VCEK";
  const product = vek === undefined ? undefined : readVekInfo(readCertificate(vek), kind).product;
  if (product !== undefined) return product;
  throw new AttestationError("SNP_PRODUCT_UNKNOWN", "the report does not name its processor");
}

function readTable(table: Uint8Array): {
  readonly carried: AmdEndorsements;
  readonly ark: Uint8Array | undefined;
} {
  const entries = new Map(parseCertTable(table).map(({ guid, data }) => [guid, data]));
  const [vek, ask, ark] = [
    entries.get(CERT_TABLE_GUID.vcek) ?? entries.get(CERT_TABLE_GUID.vlek),
    entries.get(CERT_TABLE_GUID.ask),
    entries.get(CERT_TABLE_GUID.ark),
  ];
  const pem = (der: Uint8Array): string => encodePem("CERTIFICATE", der);
  const chain = ask === undefined || ark === undefined ? undefined : pem(ask) + pem(ark);
  return {
    carried: {
      ...(vek === undefined ? {} : { vek }),
      ...(chain === undefined ? {} : { chain }),
    },
    ark,
  };
}

function readCertificate(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new AttestationError("CERT_MALFORMED", "a certificate in the evidence cannot be read", {
      cause,
    });
  }
}

/** Whether an anchor is that of the root in a request. */
export function isRootOf(
  request: EndorsementRequest,
  anchor: { readonly spki: Uint8Array },
): boolean {
  const { rootCertificate } = request;
  return (
    rootCertificate !== undefined && equalBytes(readCertificate(rootCertificate).spki, anchor.spki)
  );
}

/** AMD's part as JSON carries it: hex of DER, and PEM. */
export interface AmdEndorsementsText {
  readonly vek?: string;
  readonly chain?: string;
  readonly crl?: string;
}

/** Endorsements as a JSON document: DCAP collateral as it is, or AMD's part. */
export function endorsementsToText(
  endorsements: Endorsements,
): DcapCollateral | AmdEndorsementsText {
  if (endorsements.vendor === "intel") return endorsements.collateral;
  const { vek, chain, crl } = endorsements;
  return {
    ...(vek === undefined ? {} : { vek: toHex(vek) }),
    ...(chain === undefined ? {} : { chain }),
    ...(crl === undefined ? {} : { crl: toHex(crl) }),
  };
}

/** The inverse of {@link endorsementsToText} for AMD. Throws `VEK_FORMAT`. */
export function amdEndorsementsOfText({ vek, chain, crl }: AmdEndorsementsText): Endorsements {
  try {
    return {
      vendor: "amd",
      ...(vek === undefined ? {} : { vek: fromHex(vek) }),
      ...(chain === undefined ? {} : { chain }),
      ...(crl === undefined ? {} : { crl: fromHex(crl) }),
    };
  } catch (cause) {
    if (!(cause instanceof EncodingError)) throw cause;
    throw new AttestationError("VEK_FORMAT", "endorsements are no hex", { cause });
  }
}
