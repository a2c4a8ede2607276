import type { TeeKind } from "@carrara/attestation";
import { AttestationError, parseCertTable, parseQuote, parseSnpReport } from "@carrara/attestation";
import { TeeError } from "../error.ts";

/** What evidence says that its reader can check without any key. */
export interface ReportFacts {
  readonly reportData: Uint8Array;
  /** SNP only. */
  readonly vmpl: number | undefined;
}

/** Parses evidence of the kind `tee`; verifies nothing. Throws `EVIDENCE_IO` for anything else. */
export function reportFactsOf(tee: TeeKind, evidence: Uint8Array): ReportFacts {
  return parsed(`${tee} evidence`, () => {
    if (tee === "snp") return parseSnpReport(evidence);
    const quote = parseQuote(evidence);
    if (quote.tee === tee) return { reportData: quote.body.reportData, vmpl: undefined };
    throw new TeeError("EVIDENCE_IO", `the file holds a quote of ${quote.tee}, ${tee} needed`);
  });
}

/**
 * The host's certificate table, or undefined when it has no entry. Throws `EVIDENCE_IO` for one
 * that is malformed, as it could not follow a report on the wire.
 */
export function checkedCertTable(auxBlob: Uint8Array): Uint8Array | undefined {
  const entries = parsed("certificate table", () => parseCertTable(auxBlob));
  return entries.length === 0 ? undefined : auxBlob;
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof AttestationError)) throw cause;
    throw new TeeError("EVIDENCE_IO", `the file holds no ${what}: ${cause.code}`, { cause });
  }
}
