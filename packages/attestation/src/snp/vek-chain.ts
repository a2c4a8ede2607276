import { EncodingError, equalBytes, fromBase64 } from "@carrara/encoding";
import { type Certificate, commonNameOf, PkiError, parseCertificate } from "@carrara/pki";
import {
  AMD_SIGNATURES,
  checkCertificateTime,
  checkIssued,
  parseChain,
} from "../certificate-check.ts";
import { type ImportedKey, importP384Spki } from "../crypto.ts";
import { AttestationError } from "../error.ts";
import type { Root } from "../root.ts";
import type { TrustAnchor } from "../trust-anchor.ts";
import { INTERMEDIATE_CERTIFICATES } from "./intermediate-certificates.ts";
import { productOfName, type SnpProduct } from "./product.ts";
import { readVekInfo, type VekInfo, type VekKind } from "./vek-extensions.ts";

/** What is known of an anchor; what it says of its own kind counts for nothing. */
export type AnchorBytes = Pick<TrustAnchor, "spki" | "certificate">;

/** A verified chain of ARK, ASK or ASVK, and VEK, but for times and revocation. */
export interface VekChain {
  readonly root: Root;
  readonly intermediate: Certificate;
  readonly vek: Certificate;
  readonly info: VekInfo;
  readonly key: ImportedKey;
  /** By the name of the root. */
  readonly product: SnpProduct | undefined;
}

/** What a chain is built from. */
export interface VekChainInput {
  /** DER of the VCEK or VLEK. */
  readonly vek: Uint8Array;
  /** Which of the two it must be; undefined takes either. */
  readonly kind: VekKind | undefined;
  /** PEM of ASK or ASVK and perhaps the ARK; empty takes AMD's own. */
  readonly issuers: string;
  readonly anchors: readonly AnchorBytes[];
}

type RootLoader = (anchor: AnchorBytes) => Promise<Root>;

function invalid(message: string, cause?: unknown): AttestationError {
  return new AttestationError("VEK_CHAIN_INVALID", message, { cause });
}

/**
 * Steps 3 and 4 of section 2.6, but for times: the VEK's name, its chain to an anchor, and what it
 * says. Throws `VEK_FORMAT`, `VEK_CHAIN_INVALID`.
 */
export async function verifyVekChain(
  input: VekChainInput,
  loadRoot: RootLoader,
): Promise<VekChain> {
  const vek = readVek(input.vek);
  const kind = kindOf(vek, input.kind);
  const chain = await verifyIssuers(vek, kind, input, loadRoot);
  const info = readVekInfo(vek, kind);
  return { ...chain, vek, info, key: await importVekKey(vek) };
}

function readVek(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new AttestationError("VEK_FORMAT", "versioned key certificate cannot be read", { cause });
  }
}

function kindOf({ subject }: Certificate, wanted: VekKind | undefined): VekKind {
  const kind = (["VCEK", "VLEK"] as const).find((one) => commonNameOf(subject) === `SEV-${one}`);
  if (kind !== undefined && (wanted ?? kind) === kind) return kind;
  throw new AttestationError("VEK_FORMAT", `certificate is no ${wanted ?? "VCEK or VLEK"}`);
}

/** Whatever is wrong with the issuers is one code, the reason its cause. */
async function verifyIssuers(
  vek: Certificate,
  kind: VekKind,
  { issuers, anchors }: VekChainInput,
  loadRoot: RootLoader,
): Promise<Pick<VekChain, "root" | "intermediate" | "product">> {
  try {
    const [intermediate, claimed] = issuers === "" ? embeddedIssuer(vek) : readIssuers(issuers);
    if (intermediate === undefined) throw invalid("no certificate of the issuer is known");
    const root = await loadRoot(findAnchor(anchors, intermediate, claimed));
    const product = checkRoles(root, intermediate, kind);
    await checkIssued(intermediate, root.certificate, 1, AMD_SIGNATURES);
    await checkIssued(vek, intermediate, 0, AMD_SIGNATURES);
    return { root, intermediate, product };
  } catch (cause) {
    const isOurs = [AttestationError, PkiError, EncodingError].some(
      (type) => cause instanceof type,
    );
    if (!isOurs || !(cause instanceof Error)) throw cause;
    throw invalid(`chain of the versioned key: ${cause.message}`, cause);
  }
}

function embeddedIssuer({ issuerRaw }: Certificate): Certificate[] {
  return INTERMEDIATE_CERTIFICATES.map((text) => parseCertificate(fromBase64(text))).filter(
    ({ subjectRaw }) => equalBytes(subjectRaw, issuerRaw),
  );
}

/** One certificate or two: a table from the host may leave the ARK out. */
function readIssuers(pem: string): Certificate[] {
  const isAlone = pem.split("-----BEGIN ", 3).length === 2;
  return parseChain(pem, isAlone ? 1 : 2);
}

/** The anchor of the ARK's key or, where the chain ends below it, of the name of the issuer. */
function findAnchor(
  anchors: readonly AnchorBytes[],
  intermediate: Certificate,
  claimed: Certificate | undefined,
): AnchorBytes {
  const found = anchors.find(({ spki, certificate }) =>
    claimed === undefined
      ? equalBytes(parseCertificate(certificate).subjectRaw, intermediate.issuerRaw)
      : equalBytes(spki, claimed.spki),
  );
  if (found === undefined) throw invalid("it ends in another root than the trusted ones");
  return found;
}

/** An ASK lends to chips, an ASVK to providers, both of one product. */
function checkRoles(
  { name }: Root,
  { subject }: Certificate,
  kind: VekKind,
): SnpProduct | undefined {
  const product = /^ARK-(.+)$/.exec(name)?.[1];
  const wanted = kind === "VCEK" ? `SEV-${product}` : `SEV-VLEK-${product}`;
  if (product === undefined || commonNameOf(subject) !== wanted) {
    throw invalid("a certificate stands in the place of another role");
  }
  return productOfName(product);
}

async function importVekKey({ spki }: Certificate): Promise<ImportedKey> {
  try {
    return await importP384Spki(spki);
  } catch (cause) {
    throw new AttestationError("VEK_FORMAT", "versioned key is not on P-384", { cause });
  }
}

/** Checks all three certificates. Throws `CERT_NOT_YET_VALID`, `CERT_EXPIRED`. */
export function checkVekChainTime(chain: VekChain, now: Date): void {
  for (const certificate of certificatesOf(chain)) checkCertificateTime(certificate, now);
}

/** Root first. */
export function certificatesOf({ root, intermediate, vek }: VekChain): readonly Certificate[] {
  return [root.certificate, intermediate, vek];
}
