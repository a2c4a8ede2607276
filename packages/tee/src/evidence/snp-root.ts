import {
  AMD_ROOTS,
  CERT_TABLE_GUID,
  parseCertTable,
  parseSnpReport,
  type TrustAnchor,
} from "@carrara/attestation";
import { equalBytes } from "@carrara/encoding";
import { PkiError, parseCertificate } from "@carrara/pki";
import { TeeError } from "../error.ts";
import type { FileEvidence } from "./file-evidence.ts";

/**
 * The root that the evidence of this processor chains to, of AMD's several: by the processor that
 * the report names, or for version 2, which names none, by the ARK that the host put beside it. A
 * choice among hardware roots, and no verification. Throws `EVIDENCE_UNAVAILABLE` when neither
 * tells.
 */
export function amdRootOf({ evidence, auxBlob }: FileEvidence): TrustAnchor {
  const { product, cpuid } = parseSnpReport(evidence);
  const root =
    cpuid === undefined
      ? rootBySpki(auxBlob)
      : AMD_ROOTS.find(({ name }) => name === `ARK-${String(product)}`);
  if (root !== undefined) return root;
  const message = "neither the report nor the host tells which of amd's roots is the processor's";
  throw new TeeError("EVIDENCE_UNAVAILABLE", message);
}

function rootBySpki(auxBlob: Uint8Array | undefined): TrustAnchor | undefined {
  const entries = parseCertTable(auxBlob ?? new Uint8Array());
  const ark = entries.find(({ guid }) => guid === CERT_TABLE_GUID.ark);
  const spki = ark === undefined ? undefined : spkiOf(ark.data);
  if (spki === undefined) return undefined;
  return AMD_ROOTS.find((root) => equalBytes(root.spki, spki));
}

/** The host may put anything there: what is no certificate says nothing. */
function spkiOf(certificate: Uint8Array): Uint8Array | undefined {
  try {
    return parseCertificate(certificate).spki;
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}
