import {
  AttestationError,
  CERT_TABLE_GUID,
  createEvidenceVerifier,
  encodeCertTable,
  parseHclReport,
  parseSnpReport,
  type RaTlsEvidence,
  recogniseEvidence,
  type VerifiedEvidence,
  verifyRaTls,
} from "@carrara/attestation";
import { concatBytes, equalBytes } from "@carrara/encoding";
import { CliError } from "../cli-error.ts";
import type { CollateralSource } from "./collateral-source.ts";
import type { FileContent } from "./recognise-file.ts";
import { anchorsFor, organizationOf } from "./simulated-root.ts";

const HASHES = { sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" } as const;

/** What a file is verified with. */
export interface FileVerification {
  readonly source: CollateralSource;
  readonly insecure: boolean;
  readonly now: Date;
  /** RA-TLS: the claims must repeat it. */
  readonly nonce: Uint8Array | undefined;
  /** RA-TLS: the certificate's own validity is not asked for. */
  readonly ignoreCertificateValidity: boolean;
  readonly signal: AbortSignal;
}

/** A file whose evidence is genuine. Whether it is welcome is for a policy to say. */
export interface VerifiedFile {
  readonly verified: VerifiedEvidence;
  /** Who holds the root that it ends in, as the root says. */
  readonly rootHolder: string | undefined;
  /** What was checked beside the evidence itself, for people and programs alike. */
  readonly checks: Readonly<Record<string, string>>;
  /** Whether what report data speaks of was checked: a certificate's key, or what Azure adds. */
  readonly isBound: boolean;
}

/**
 * Verifies what a file holds. Throws AttestationError for evidence that is not shown to be genuine,
 * `COLLATERAL_UNAVAILABLE`, and `EVIDENCE_UNREADABLE` or `EVIDENCE_UNRECOGNISED` for what is no evidence
 * by itself.
 */
export async function verifyFile(
  file: FileContent,
  input: FileVerification,
): Promise<VerifiedFile> {
  switch (file.kind) {
    case "evidence": {
      const { evidence } = file;
      const bytes =
        evidence.tee === "snp" ? concatBytes(evidence.report, evidence.certTable) : evidence.quote;
      return { ...(await verifyBytes(bytes, input)), checks: {}, isBound: false };
    }
    case "ra-tls":
      return await verifyCertificate(file.der, input);
    case "hcl":
      return await verifyHcl(file.bytes, input);
    case "certificates":
      throw new CliError(
        "EVIDENCE_UNRECOGNISED",
        "the certificate carries no evidence: there is nothing to verify; see carrara evidence show",
      );
  }
}

type VerifiedBytes = Pick<VerifiedFile, "verified" | "rootHolder">;

async function verifyBytes(bytes: Uint8Array, input: FileVerification): Promise<VerifiedBytes> {
  const { source, insecure, now, signal } = input;
  const { endorsements, root } = await source.endorse(
    { evidence: recogniseEvidence(bytes), now, signal },
    (claimed) => void anchorsFor(claimed, insecure),
  );
  const anchors = anchorsFor(root, insecure);
  const verifier = createEvidenceVerifier();
  const verified = await verifier.verify({ evidence: bytes, endorsements, anchors, now });
  // Of a hardware root the key is known, and so is its holder.
  return {
    verified,
    rootHolder: verified.assurance === "hardware" ? undefined : organizationOf(root),
  };
}

async function verifyCertificate(
  certificate: Uint8Array,
  input: FileVerification,
): Promise<VerifiedFile> {
  const { now, nonce, ignoreCertificateValidity } = input;
  const { attestation, evidence } = await verifyRaTls({
    certificate,
    now,
    certValidity: ignoreCertificateValidity ? "ignore" : "enforce",
    ...(nonce === undefined ? {} : { nonce }),
    async verifyEvidence(bytes, vekChain) {
      const found = await verifyBytes(concatBytes(bytes, certTableOf(bytes, vekChain)), input);
      return { ...found, reportData: reportDataIn(found.verified) };
    },
  });
  return {
    verified: attestation.verified,
    rootHolder: attestation.rootHolder,
    isBound: true,
    checks: {
      certificateSignature: "self-signed, verifies",
      certificateValidity: ignoreCertificateValidity ? "not asked for" : "in force",
      keyBinding: bindingText(evidence),
      nonce: nonce === undefined ? "none expected" : "the claims repeat it",
    },
  };
}

function bindingText(evidence: RaTlsEvidence): string {
  return "claims" in evidence
    ? "the claims name the certificate's key, report data has their hash"
    : "report data has the hash of the certificate's key";
}

/** VEK and ASK as the certificate table in which hosts hand them to guests. */
function certTableOf(report: Uint8Array, [vek, ask]: readonly Uint8Array[]): Uint8Array {
  if (vek === undefined) return new Uint8Array();
  const isVlek = parseSnpReport(report).signerInfo.signingKey === "VLEK";
  return encodeCertTable([
    { guid: isVlek ? CERT_TABLE_GUID.vlek : CERT_TABLE_GUID.vcek, data: vek },
    ...(ask === undefined ? [] : [{ guid: CERT_TABLE_GUID.ask, data: ask }]),
  ]);
}

/** The SEV-SNP report inside Azure's, which vouches for the key of the virtual TPM. */
async function verifyHcl(bytes: Uint8Array, input: FileVerification): Promise<VerifiedFile> {
  const { reportType, hashType, hardwareReport, variableData } = parseHclReport(bytes);
  if (reportType !== "SNP") {
    throw new CliError(
      "EVIDENCE_UNREADABLE",
      "only the td's own machine can check the TDREPORT in this file; verify the quote made of it",
    );
  }
  const found = await verifyBytes(hardwareReport, input);
  const reportData = reportDataIn(found.verified);
  const bound = new Uint8Array(reportData.length);
  bound.set(
    new Uint8Array(await crypto.subtle.digest(HASHES[hashType], new Uint8Array(variableData))),
  );
  if (!equalBytes(bound, reportData)) {
    throw new AttestationError("HCL_BINDING", "report data is not the hash of the variable data");
  }
  return {
    ...found,
    isBound: true,
    checks: { variableData: "report data has its hash", tpmQuote: "not asked for" },
  };
}

/** The 64 bytes that the attested side chose. */
export function reportDataIn(verified: VerifiedEvidence): Uint8Array {
  return verified.tee === "snp" ? verified.claims.reportData : verified.body.reportData;
}
