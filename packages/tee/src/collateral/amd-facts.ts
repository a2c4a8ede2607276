import type { SnpProduct, SnpTcb } from "@carrara/attestation";
import { DER_TAG, DerReader, derInteger, parsePem, readDer, toHex } from "@carrara/encoding";
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

const AMD = "1.3.6.1.4.1.3704.1";
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
    const level = (name: string): number => levelOf(needed(certificate, name));
    const product = productOf(certificate);
    const fmc = product === "Turin" ? { fmc: level("3.9") } : {};
    return {
      product,
      hwId: toHex(hwIdOf(needed(certificate, "4"), product === "Turin" ? 8 : 64)),
      tcb: {
        bootloader: level("3.1"),
        tee: level("3.2"),
        snp: level("3.3"),
        microcode: level("3.8"),
        ...fmc,
      },
      certificate,
    };
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
  readonly from: number;
  readonly until: number;
}

/** Reads a CRL of an ARK in DER; which keys it is about, it does not say. Throws as the above. */
export function readAmdCrl(der: Uint8Array): AmdCrlFacts {
  return readingCollateral("the crl cannot be read", () => {
    const crl = parseCrl(der);
    const [, line = ""] = /^ARK-([A-Za-z]+)$/.exec(commonNameOf(parseName(crl.issuerRaw))) ?? [];
    return { product: productNamed(line), ...windowOf(crl) };
  });
}

function productOf(certificate: Certificate): SnpProduct {
  const { content } = readDer(needed(certificate, "2"), DER_TAG.ia5String);
  const [name = ""] = String.fromCharCode(...content.subarray(0, 32)).split("-");
  return productNamed(name);
}

function productNamed(name: string): SnpProduct {
  const product = PRODUCTS.find((known) => known === name);
  if (product === undefined) throw unavailable("malformed", "a certificate of an unknown product");
  return product;
}

function needed({ extensions }: Certificate, name: string): Uint8Array {
  const found = extensions.find(({ oid }) => oid === `${AMD}.${name}`);
  if (found === undefined) throw unavailable("malformed", `the vcek lacks extension ${name}`);
  return found.value;
}

function levelOf(value: Uint8Array): number {
  const level = Number(derInteger(readDer(value, DER_TAG.integer)));
  if (level >= 0 && level <= 255) return level;
  throw unavailable("malformed", "a patch level is not from 0 to 255");
}

/** The id is the value itself, or an OCTET STRING in it. */
function hwIdOf(value: Uint8Array, bytes: number): Uint8Array {
  if (value.length === bytes) return value;
  const reader = new DerReader(value);
  const { content } = reader.read(DER_TAG.octetString);
  reader.end();
  if (content.length === bytes) return content;
  throw unavailable("malformed", `the hardware id is not ${bytes} bytes`);
}
