import type { DcapCollateral, SnpProduct } from "@carrara/attestation";
import { fromBase64, toBase64, utf8 } from "@carrara/encoding";
// The small form of zod: this room is in the Coordinator's image.
import * as z from "zod/mini";
import { MAX_CHAIN_CHARACTERS, textOf } from "./body.ts";
import { MAX_JSON_CHARACTERS } from "./dcap-facts.ts";
import type { AmdKey } from "./provider.ts";
import { readingCollateral, unavailable } from "./refusal.ts";

/** First member of every bundle document. */
const FORMAT = "carrara-collateral/1";
/** Largest document in bytes: a few hundred collaterals of about 40 KB. */
export const MAX_BUNDLE_BYTES: number = 32 * 1024 * 1024;
/** Most items of one kind. */
const MAX_ITEMS = 4096;
/** Characters of the hex or base64 of a CRL of 1 MiB. */
const MAX_CRL_CHARACTERS = 2 * 1024 * 1024;
const MAX_VEK_CHARACTERS = 32 * 1024;

/** DCAP collateral, and which update type it answers; `standard` unless set. */
export interface BundledDcapCollateral extends DcapCollateral {
  readonly update?: "standard" | "early";
}

/** A CRL of AMD, DER; the CRLs for ASKs and for ASVKs cannot be told apart by their content. */
export interface BundledAmdCrl {
  readonly product: SnpProduct;
  readonly key: AmdKey;
  readonly crl: Uint8Array;
}

/**
 * Endorsements for use without a network. All but CRLs of AMD say themselves what they are for:
 * collateral by its TCB info and PCK CRL, a VCEK or VLEK by its extensions, a chain by its first name.
 */
export interface CollateralBundle {
  readonly dcap: readonly BundledDcapCollateral[];
  /** VCEKs, and VLEKs that their holders kept, DER. */
  readonly veks: readonly Uint8Array[];
  /** PEM, ASK or ASVK first, then ARK. */
  readonly chains: readonly string[];
  readonly crls: readonly BundledAmdCrl[];
}

/** A bundle with nothing in it. */
export const EMPTY_BUNDLE: CollateralBundle = Object.freeze({
  dcap: [],
  veks: [],
  chains: [],
  crls: [],
});

const chain = z.string().check(z.maxLength(MAX_CHAIN_CHARACTERS));
const json = z.string().check(z.maxLength(MAX_JSON_CHARACTERS));
const hex = z.string().check(z.maxLength(MAX_CRL_CHARACTERS), z.regex(/^(?:[0-9a-fA-F]{2})+$/));
const base64 = (max: number): z.ZodMiniType<string> => z.base64().check(z.maxLength(max));
const items = <T extends z.ZodMiniType>(item: T) =>
  z._default(z.array(item).check(z.maxLength(MAX_ITEMS)), []);
// Other members are allowed here, and dropped: tools annotate what they fetch.
const dcap = z.object({
  tcbInfo: json,
  tcbInfoIssuerChain: chain,
  qeIdentity: json,
  qeIdentityIssuerChain: chain,
  pckCrl: hex,
  pckCrlIssuerChain: chain,
  rootCaCrl: hex,
  pckCertChain: z.optional(chain),
  update: z.optional(z.enum(["standard", "early"])),
});
const document = z.strictObject({
  format: z.literal(FORMAT),
  dcap: items(dcap),
  veks: items(base64(MAX_VEK_CHARACTERS)),
  chains: items(chain),
  crls: items(
    z.strictObject({
      product: z.enum(["Milan", "Genoa", "Turin"]),
      key: z.enum(["vcek", "vlek"]),
      crl: base64(MAX_CRL_CHARACTERS),
    }),
  ),
});

/**
 * Reads a bundle document, `{"format":"carrara-collateral/1", "dcap":[…], "veks":[…], "chains":[…],
 * "crls":[{"product","key","crl"}…]}`: DcapCollateral objects, base64 of DER, PEM, and base64 of DER
 * with what it is for; what is left out is empty. A lone DcapCollateral object is a bundle too. Throws `COLLATERAL_UNAVAILABLE`.
 */
export function parseCollateralBundle(bytes: Uint8Array): CollateralBundle {
  if (bytes.length > MAX_BUNDLE_BYTES) {
    throw unavailable("malformed", `bundle has ${bytes.length} bytes, ${MAX_BUNDLE_BYTES} allowed`);
  }
  return readingCollateral("the document is no collateral bundle", () => {
    const value: unknown = JSON.parse(textOf(bytes));
    const bare = typeof value === "object" && value !== null && !("format" in value);
    if (bare) return { ...EMPTY_BUNDLE, dcap: [dcapOf(dcap.parse(value))] };
    const { dcap: collaterals, veks, chains, crls } = document.parse(value);
    return {
      dcap: collaterals.map(dcapOf),
      veks: veks.map(fromBase64),
      chains,
      crls: crls.map((item) => ({ ...item, crl: fromBase64(item.crl) })),
    };
  });
}

/** The document of a bundle. */
export function encodeCollateralBundle(bundle: CollateralBundle): Uint8Array {
  const { veks, chains, crls } = bundle;
  return utf8(
    JSON.stringify({
      format: FORMAT,
      dcap: bundle.dcap.map(dcapOf),
      veks: veks.map(toBase64),
      chains,
      crls: crls.map(({ product, key, crl }) => ({ product, key, crl: toBase64(crl) })),
    }),
  );
}

/** Only the members that a bundle keeps, without those that are undefined. */
function dcapOf(found: z.infer<typeof dcap>): BundledDcapCollateral {
  const { pckCertChain, update, ...rest } = found;
  return {
    tcbInfo: rest.tcbInfo,
    tcbInfoIssuerChain: rest.tcbInfoIssuerChain,
    qeIdentity: rest.qeIdentity,
    qeIdentityIssuerChain: rest.qeIdentityIssuerChain,
    pckCrl: rest.pckCrl,
    pckCrlIssuerChain: rest.pckCrlIssuerChain,
    rootCaCrl: rest.rootCaCrl,
    ...(pckCertChain === undefined ? {} : { pckCertChain }),
    ...(update === undefined ? {} : { update }),
  };
}
