import { readVekInfo, type SnpProduct, type SnpTcb } from "@carrara/attestation";
import { parsePem } from "@carrara/encoding";
import {
  type Certificate,
  commonNameOf,
  parseCertificate,
  parseCrl,
  parseName,
} from "@carrara/pki";
import { MAX_CHAIN_CHARACTERS } from "./body.ts";
import { windowOf } from "./dcap-facts.ts";
import type { AmdKey } from "./provider.ts";
import { readingCollateral, unavailable } from "./refusal.ts";
import type { ExactAmdRequest } from "./request.ts";

const PRODUCTS: readonly SnpProduct[] = ["Milan", "Genoa", "Turin"];

/** What a VCEK says of its chip; unverified, for choosing and keeping it (section 1.8). */
export interface VcekFacts {
  readonly product: SnpProduct;
  /** Lower-case hex: 128 digits, 16 on Turin. */
  readonly hwId: string;
  readonly tcb: SnpTcb;
  readonly certificate: Certificate;
}

/** Reads the AMD extensions of a VCEK in DER. Throws `COLLATERAL_UNAVAILABLE`. */
export function readVcekFacts(der: Uint8Array): VcekFacts {
  return readingCollateral("the certificate is no vcek", () => {
    const certificate = parseCertificate(der);
    const { product, hwId, tcb } = readVekInfo(certificate, "VCEK");
    if (product === undefined || hwId === undefined) {
      throw unavailable("malformed", "a certificate of an unknown product");
    }
    return { product, hwId, tcb, certificate };
  });
}

/** Which kind of key a certificate is of, by its name. Throws `COLLATERAL_UNAVAILABLE`. */
export function vekKeyOf(der: Uint8Array): AmdKey | undefined {
  return readingCollateral("the certificate cannot be read", () => {
    const name = commonNameOf(parseCertificate(der).subject);
    return (["vcek", "vlek"] as const).find((key) => name === `SEV-${key.toUpperCase()}`);
  });
}

/** What a VCEK or VLEK says of itself; unverified. */
export interface VekFacts {
  readonly key: AmdKey;
  readonly product: SnpProduct;
  /** Lower-case hex; a VLEK is of no chip. */
  readonly hwId: string | undefined;
  readonly tcb: SnpTcb;
  readonly certificate: Certificate;
}

/** Reads the AMD extensions of a VCEK or VLEK in DER. Throws `COLLATERAL_UNAVAILABLE`. */
export function readVekFacts(der: Uint8Array): VekFacts {
  const key = vekKeyOf(der);
  if (key === undefined) throw unavailable("malformed", "the certificate is no vcek or vlek");
  if (key === "vcek") return { key, ...readVcekFacts(der) };
  return readingCollateral("the certificate is no vlek", () => {
    const certificate = parseCertificate(der);
    const { product, tcb } = readVekInfo(certificate, "VLEK");
    if (product === undefined) throw unavailable("malformed", "a vlek of an unknown product");
    return { key, product, hwId: undefined, tcb, certificate };
  });
}

/** Refuses a VCEK of another chip or firmware than was asked for. */
export function checkVcek(vek: Uint8Array, { product, hwId, tcb }: ExactAmdRequest): void {
  const facts = readVcekFacts(vek);
  const same =
    facts.product === product &&
    facts.hwId === hwId &&
    facts.tcb.bootloader === tcb.bootloader &&
    facts.tcb.tee === tcb.tee &&
    facts.tcb.snp === tcb.snp &&
    facts.tcb.microcode === tcb.microcode &&
    facts.tcb.fmc === tcb.fmc;
  if (!same) throw unavailable("malformed", "the service gave the vcek of another chip");
}

/** What a chain of ASK or ASVK and ARK says of itself. */
export interface AmdChainFacts {
  readonly product: SnpProduct;
  readonly key: AmdKey;
  readonly issuer: Certificate;
  readonly root: Certificate;
}

/** Reads a PEM chain. Throws `COLLATERAL_UNAVAILABLE`. */
export function readAmdChain(pem: string): AmdChainFacts {
  if (pem.length > MAX_CHAIN_CHARACTERS) throw unavailable("malformed", "the chain is too long");
  return readingCollateral("the chain is none of amd's", () => {
    const [issuer, root, more] = parsePem(pem).map(({ bytes }) => parseCertificate(bytes));
    if (issuer === undefined || root === undefined || more !== undefined) {
      throw unavailable("malformed", "the chain has not two certificates");
    }
    const [, vlek, line = ""] = /SEV-(VLEK-)?([A-Za-z]+)$/.exec(commonNameOf(issuer.subject)) ?? [];
    return { product: productNamed(line), key: vlek === undefined ? "vcek" : "vlek", issuer, root };
  });
}

/** Whose CRL it is, and when it says that it is valid (milliseconds since 1970). */
export interface AmdCrlFacts {
  readonly product: SnpProduct;
  /** DER of the ARK's name. */
  readonly issuerRaw: Uint8Array;
  readonly from: number;
  readonly until: number;
}

/** Reads a CRL of an ARK in DER; which keys it is about, it does not say. Throws as the above. */
export function readAmdCrl(der: Uint8Array): AmdCrlFacts {
  return readingCollateral("the crl cannot be read", () => {
    const crl = parseCrl(der);
    const [, line = ""] = /^ARK-([A-Za-z]+)$/.exec(commonNameOf(parseName(crl.issuerRaw))) ?? [];
    return { product: productNamed(line), issuerRaw: crl.issuerRaw, ...windowOf(crl) };
  });
}

function productNamed(name: string): SnpProduct {
  const product = PRODUCTS.find((known) => known === name);
  if (product === undefined) throw unavailable("malformed", "a certificate of an unknown product");
  return product;
}
