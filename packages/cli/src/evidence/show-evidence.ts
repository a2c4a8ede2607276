import {
  AttestationError,
  type Evidence,
  parseHclReport,
  type RaTlsCertificate,
} from "@carrara/attestation";
import { EncodingError } from "@carrara/encoding";
import { PkiError } from "@carrara/pki";
import { CliError } from "../cli-error.ts";
import type { Report } from "../report.ts";
import { describeDer } from "./describe-certificate.ts";
import { describeHcl } from "./describe-hcl.ts";
import { describeQuote, quoteTitle } from "./describe-quote.ts";
import { describeRaTls } from "./describe-ra-tls.ts";
import { describeSnp } from "./describe-snp.ts";
import { type Part, partsToJson } from "./facts.ts";
import { type FileContent, recogniseFile } from "./recognise-file.ts";
import { renderParts } from "./render-parts.ts";

const NOT_VERIFIED = "Not verified: this is only what the file says";

interface Described {
  /** In JSON documents. */
  readonly kind: string;
  readonly title: string;
  readonly parts: readonly Part[];
}

/**
 * All that the file's bytes say, field by field, with nothing of it verified. Throws
 * `EVIDENCE_UNRECOGNISED`, and `EVIDENCE_UNREADABLE` whose message starts with the exact code.
 */
export function showEvidence(bytes: Uint8Array, color: boolean): Report {
  const { encoding, kind, title, parts } = readable(() => {
    const file = recogniseFile(bytes);
    return { encoding: file.encoding, ...describe(file) };
  });
  const heading = `${title}, ${bytes.length} bytes${encoding === "binary" ? "" : ` of ${encoding}`}\n${NOT_VERIFIED}`;
  return {
    text: `${heading}\n\n${renderParts(parts, color)}`,
    json: { verified: false, kind, encoding, bytes: bytes.length, ...partsToJson(parts) },
  };
}

function describe(file: FileContent): Described {
  switch (file.kind) {
    case "evidence":
      return describeEvidence(file.evidence, file.openEnclave);
    case "ra-tls":
      return {
        kind: "ra-tls",
        title: raTlsTitle(file.found),
        parts: [...describeRaTls(file.found), ...file.others.flatMap((der) => describeDer(der))],
      };
    case "hcl": {
      const { reportType } = parseHclReport(file.bytes);
      return {
        kind: "azure-hcl",
        title: `Azure HCL report of ${reportType}`,
        parts: describeHcl(file.bytes),
      };
    }
    case "certificates": {
      const count = file.certificates.length;
      return {
        kind: "certificate",
        title: count === 1 ? "Certificate" : `${count} certificates`,
        parts: file.certificates.flatMap((der) => describeDer(der)),
      };
    }
  }
}

function describeEvidence(evidence: Evidence, openEnclave: boolean): Described {
  if (evidence.tee === "snp") {
    const { report, certTable } = evidence;
    const suffix = certTable.length > 0 ? " with certificates" : "";
    return {
      kind: "snp-report",
      title: `SEV-SNP report${suffix}`,
      parts: describeSnp(report, certTable),
    };
  }
  const { tee, quote } = evidence;
  const title = `${quoteTitle(quote)}${openEnclave ? " in Open Enclave form" : ""}`;
  return { kind: `${tee}-quote`, title, parts: describeQuote(quote) };
}

function raTlsTitle({ evidence }: RaTlsCertificate): string {
  return `RA-TLS certificate (${evidence.kind})`;
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const known =
      cause instanceof AttestationError ||
      cause instanceof PkiError ||
      cause instanceof EncodingError;
    if (!known) throw cause;
    throw new CliError("EVIDENCE_UNREADABLE", `${cause.code}: ${cause.message}`, { cause });
  }
}
