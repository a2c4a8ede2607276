import { equalBytes, toHex } from "@carrara/encoding";
import type { Certificate } from "@carrara/pki";
import { checkIsLeaf, checkIssued, parseChain } from "../certificate-check.ts";
import { checkRole, importCertifiedKey, vendorOf } from "../certificate-role.ts";
import type { ImportedKey } from "../crypto.ts";
import { AttestationError } from "../error.ts";
import { checkEndsIn, type Root } from "../root.ts";
import type { DcapCollateral } from "./collateral.ts";
import { type PckInfo, readPckInfo } from "./pck-certificate.ts";
import { pckChainOf, type Quote } from "./quote.ts";

/** A verified PCK chain, but for times and revocation. */
export interface PckChain {
  readonly leaf: Certificate;
  readonly ca: Certificate;
  /** Texts that stand for leaf and CA in keys of memos. */
  readonly leafMemoKey: string;
  readonly caMemoKey: string;
  readonly key: ImportedKey;
  readonly info: PckInfo;
}

/**
 * The quote's own chain, else that of the collateral; where both are, they must name the same leaf.
 * An empty text, which some services send, is no chain.
 * Throws `PCK_CERT_UNAVAILABLE`, `CERT_CHAIN_INVALID`, `CERT_MALFORMED`.
 */
export function choosePckChain(quote: Quote, collateral: DcapCollateral): string {
  const own = pckChainOf(quote);
  const other = nonEmptyText(collateral.pckCertChain);
  if (own === undefined && other === undefined) {
    throw new AttestationError(
      "PCK_CERT_UNAVAILABLE",
      `the quote carries certification data of type ${quote.certDataType} and no chain was given`,
    );
  }
  if (own !== undefined && other !== undefined && own !== other) {
    const [mine, theirs] = [own, other].map((text) => parseChain(text, 3)[0]?.raw);
    if (mine === undefined || theirs === undefined || !equalBytes(mine, theirs)) {
      throw new AttestationError("CERT_CHAIN_INVALID", "quote and collateral name other leaves");
    }
  }
  return own ?? other ?? "";
}

function nonEmptyText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * Steps 2 to 4 of section 2.3: chain, root, roles. Times and revocation are the caller's.
 * Throws the `CERT_…` codes.
 */
export async function verifyPckChain(text: string, root: Root): Promise<PckChain> {
  const [leaf, ca, claimedRoot] = parseChain(text, 3);
  if (leaf === undefined || ca === undefined || claimedRoot === undefined) {
    throw new AttestationError("CERT_CHAIN_INVALID", "chain is incomplete");
  }
  checkEndsIn(claimedRoot, root);
  const vendor = vendorOf(root);
  checkRole(ca, (name) =>
    ["Platform", "Processor"].some((kind) => name === `${vendor} SGX PCK ${kind} CA`),
  );
  checkRole(leaf, (name) => name.includes("SGX PCK Certificate"));
  await checkIssued(ca, root.certificate, 1);
  await checkIssued(leaf, ca, 0);
  checkIsLeaf(leaf);
  const info = readPckInfo(leaf);
  const key = await importCertifiedKey(leaf);
  return { leaf, ca, leafMemoKey: toHex(leaf.raw), caMemoKey: toHex(ca.raw), info, key };
}
