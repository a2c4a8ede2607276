import type { Extension } from "@carrara/pki";
import { type Cbor, cbor, encodeCbor } from "../cbor.ts";
import { digest, reportDataFor } from "./binding.ts";
import { RA_TLS_OID, SNP_EVIDENCE_TYPE } from "./evidence.ts";

const SHA_256 = 1;
const TAG_QUOTE = 60_000;
/** Names of claims that have a meaning of their own. */
const RESERVED: ReadonlySet<string> = new Set(["pubkey-hash", "nonce"]);

/** What an attested side says about itself. */
export interface RaTlsClaimsTemplate {
  /** DER SubjectPublicKeyInfo that the certificate will have. */
  readonly spki: Uint8Array;
  /** The challenger's, when it spoke first. */
  readonly nonce?: Uint8Array;
  /** Other claims, written in this order. */
  readonly others?: ReadonlyMap<string, Cbor>;
}

/** Encoded claims, and the REPORTDATA (64 bytes) to get a quote or report for. */
export interface RaTlsClaimsBinding {
  readonly claims: Uint8Array;
  readonly reportData: Uint8Array;
}

/**
 * Encodes claims about a key, hashed with SHA-256 (section 6.2). Throws a TypeError when another
 * claim has the name of one of the two that have a meaning.
 */
export async function createRaTlsClaims(
  template: RaTlsClaimsTemplate,
): Promise<RaTlsClaimsBinding> {
  const { spki, nonce, others = new Map<string, Cbor>() } = template;
  const taken = [...others.keys()].find((name) => RESERVED.has(name));
  if (taken !== undefined) throw new TypeError(`claim ${taken} cannot be set`);
  const hash = cbor.array(cbor.integer(SHA_256), cbor.bytes(await digest("sha-256", spki)));
  const claims = encodeCbor(
    cbor.map(
      [cbor.text("pubkey-hash"), cbor.bytes(encodeCbor(hash))],
      ...(nonce === undefined ? [] : [[cbor.text("nonce"), cbor.bytes(nonce)] as const]),
      ...[...others].map(([name, value]) => [cbor.text(name), value] as const),
    ),
  );
  return { claims, reportData: await reportDataFor(claims) };
}

/** The extension with an SGX or TDX quote over the claims' REPORTDATA; TLS stacks choke on critical. */
export function raTlsExtension(parts: {
  readonly quote: Uint8Array;
  readonly claims: Uint8Array;
}): Extension {
  const pair = cbor.array(cbor.bytes(parts.quote), cbor.bytes(parts.claims));
  return evidenceExtension(cbor.tag(TAG_QUOTE, pair));
}

/** The extension with an SEV-SNP report over the claims' REPORT_DATA, in this project's own form. */
export function snpRaTlsExtension(parts: {
  readonly report: Uint8Array;
  readonly claims: Uint8Array;
  /** DER VCEK or VLEK, and ASK or ASVK. */
  readonly vekChain?: readonly [Uint8Array, Uint8Array];
}): Extension {
  const chain = parts.vekChain === undefined ? [] : [cbor.array(...parts.vekChain.map(cbor.bytes))];
  const content = cbor.array(cbor.bytes(parts.report), cbor.bytes(parts.claims), ...chain);
  return evidenceExtension(
    cbor.array(cbor.text(SNP_EVIDENCE_TYPE), cbor.bytes(encodeCbor(content))),
  );
}

function evidenceExtension(value: Cbor): Extension {
  return { oid: RA_TLS_OID.evidence, critical: false, value: encodeCbor(value) };
}
