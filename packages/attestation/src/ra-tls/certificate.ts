import { DER_TAG, DerReader, derOid, EncodingError, readDer } from "@carrara/encoding";
import { type Certificate, type Extension, PkiError, parseCertificate } from "@carrara/pki";
import { AttestationError } from "../error.ts";
import { RA_TLS_OID } from "./evidence.ts";

const LEGACY: ReadonlySet<string> = new Set(
  Object.values(RA_TLS_OID).filter((oid) => oid !== RA_TLS_OID.evidence),
);
const SEQUENCE_TAG = 0x30;
const EXTENSIONS_TAG = 0xa3;

/** A certificate and the extension in it that counts as evidence; that one is not decoded yet. */
export interface LocatedEvidence {
  readonly certificate: Certificate;
  readonly extension: Extension;
  /** Legacy forms beside the interoperable one, which nobody looks at. */
  readonly ignored: readonly Extension[];
}

/**
 * Finds the one evidence extension of a DER certificate (sections 6.1 and 6.2, step 1).
 * Throws `CERT_MALFORMED`, `RATLS_NO_EVIDENCE`, and `RATLS_AMBIGUOUS` when it is unclear which.
 */
export function locateEvidence(der: Uint8Array): LocatedEvidence {
  const certificate = parseUnambiguous(der);
  const { extensions } = certificate;
  const standard = extensions.find(({ oid }) => oid === RA_TLS_OID.evidence);
  const legacy = extensions.filter(isLegacyEvidence);
  if (standard !== undefined) {
    if (legacy.some(({ critical }) => critical)) {
      throw ambiguous("legacy evidence beside the interoperable one is critical");
    }
    return { certificate, extension: standard, ignored: legacy };
  }
  const [extension, second] = legacy;
  if (extension === undefined) {
    throw new AttestationError("RATLS_NO_EVIDENCE", "the certificate carries no evidence");
  }
  if (second !== undefined) throw ambiguous(`${legacy.length} pieces of legacy evidence`);
  return { certificate, extension, ignored: [] };
}

/** A PCK certificate has a SEQUENCE where the Intel SDK's sample puts its quote. */
function isLegacyEvidence({ oid, value }: Extension): boolean {
  return LEGACY.has(oid) && !(oid === RA_TLS_OID.intelSdk && value[0] === SEQUENCE_TAG);
}

function parseUnambiguous(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    // The reader refuses every extension that occurs twice; for evidence there is a better word.
    if (standardCount(der) > 1) throw ambiguous("interoperable evidence occurs twice");
    throw new AttestationError("CERT_MALFORMED", cause.message, { cause });
  }
}

function standardCount(der: Uint8Array): number {
  try {
    const tbs = new DerReader(readDer(der, DER_TAG.sequence).content).enter();
    while (!tbs.done && tbs.nextTag !== EXTENSIONS_TAG) tbs.read();
    const list = tbs.enter(EXTENSIONS_TAG).enter();
    let count = 0;
    while (!list.done) {
      if (derOid(list.enter().read(DER_TAG.oid)) === RA_TLS_OID.evidence) count += 1;
    }
    return count;
  } catch (error) {
    if (error instanceof EncodingError) return 0;
    throw error;
  }
}

function ambiguous(message: string): AttestationError {
  return new AttestationError("RATLS_AMBIGUOUS", message);
}
