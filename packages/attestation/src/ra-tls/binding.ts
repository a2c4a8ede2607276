import { encodePem, equalBytes, utf8 } from "@carrara/encoding";
import { AttestationError } from "../error.ts";
import {
  type LegacyEvidence,
  RA_TLS_HASHES,
  type RaTlsClaims,
  type RaTlsEvidence,
} from "./evidence.ts";

const REPORT_DATA_BYTES = 64;
const HASH_BYTES = 32;

/**
 * Checks that evidence with the 64 bytes `reportData` is about the certificate's key (section 6.2
 * steps 4 and 5): the claims have the hash of the key, and REPORTDATA that of the claims; in the
 * legacy forms REPORTDATA has that of the key. Throws `RATLS_HASH_ALG`, `RATLS_PUBKEY_HASH`,
 * `RATLS_CLAIMS_HASH`. Whether the evidence is genuine is another matter.
 */
export async function checkRaTlsBinding(
  evidence: RaTlsEvidence,
  reportData: Uint8Array,
): Promise<void> {
  if ("claims" in evidence) {
    await checkPubkeyHash(evidence.claims, evidence.spki);
    if (await isHashOf(evidence.claims.raw, reportData)) return;
    throw new AttestationError("RATLS_CLAIMS_HASH", "report data is not the hash of the claims");
  }
  if (await isBoundToKey(evidence, reportData)) return;
  throw new AttestationError("RATLS_PUBKEY_HASH", "report data is not the hash of the key");
}

async function checkPubkeyHash({ pubkeyHash }: RaTlsClaims, spki: Uint8Array): Promise<void> {
  const algorithm = RA_TLS_HASHES.get(pubkeyHash.algId);
  if (algorithm === undefined) {
    throw new AttestationError("RATLS_HASH_ALG", "the key's hash is of an algorithm not known");
  }
  if (equalBytes(await digest(algorithm, spki), pubkeyHash.value)) return;
  throw new AttestationError("RATLS_PUBKEY_HASH", "claims are about another key");
}

async function isBoundToKey(
  { kind, spki }: LegacyEvidence,
  reportData: Uint8Array,
): Promise<boolean> {
  if (kind !== "open-enclave") return await isHashOf(spki, reportData);
  if (reportData.length !== REPORT_DATA_BYTES) return false;
  // EGo hashes the DER key, Open Enclave its PEM with the final NUL of a C string; neither says
  // anything about the second half.
  const pem = utf8(`${encodePem("PUBLIC KEY", spki)}\0`);
  const hash = reportData.subarray(0, HASH_BYTES);
  const hashes = await Promise.all([spki, pem].map(async (form) => await digest("sha-256", form)));
  return hashes.some((candidate) => equalBytes(candidate, hash));
}

/** Whether `reportData` is SHA-256 of `bytes` and 32 zero bytes. */
async function isHashOf(bytes: Uint8Array, reportData: Uint8Array): Promise<boolean> {
  return equalBytes(await reportDataFor(bytes), reportData);
}

/** The 64 bytes of REPORTDATA over `bytes`: SHA-256, then zeros (section 6.2). */
export async function reportDataFor(bytes: Uint8Array): Promise<Uint8Array> {
  const out = new Uint8Array(REPORT_DATA_BYTES);
  out.set(await digest("sha-256", bytes));
  return out;
}

/** Hash of `bytes` under a named algorithm. */
export async function digest(
  algorithm: "sha-256" | "sha-384" | "sha-512",
  bytes: Uint8Array,
): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
}
