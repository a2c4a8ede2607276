import {
  AttestationError,
  decodeOeQuote,
  endorsementRequestOf,
  parseCertTable,
  parseEvidencePolicy,
  parseHclReport,
  parseQuote,
  parseSigstruct,
  parseSnpReport,
  parseTpmQuote,
  parseTpmtSignature,
  pckInfoOfQuote,
  RA_TLS_OID,
  readPckInfo,
  readRaTlsEvidence,
  readVekInfo,
  recogniseEvidence,
} from "@carrara/attestation";
import { DER_TAG, der, EncodingError, parsePem, readDer } from "@carrara/encoding";
import { ManifestError, parseManifest } from "@carrara/manifest";
import {
  PkiError,
  parseAlternativeNames,
  parseCertificate,
  parseCertificateRequest,
  parseCrl,
  parseName,
} from "@carrara/pki";
import { parseCollateralBundle, parseImage, TeeError } from "@carrara/tee";
import { signedParserTargets } from "./signed-parsers.ts";
import { KIB, parser, seedsOf, type Target, textOf } from "./target.ts";
import type { FuzzWorld } from "./world.ts";

/** Every reader of bytes or text that comes from outside. */
export async function parserTargets(world: FuzzWorld): Promise<Target[]> {
  return [
    ...quoteTargets(world),
    ...reportTargets(world),
    ...certificateTargets(world),
    ...raTlsTargets(world),
    ...azureTargets(world),
    ...documentTargets(world),
    ...(await signedParserTargets(world)),
  ];
}

function quoteTargets({ seeds }: FuzzWorld): Target[] {
  return [
    { ...parser, name: "quote", seeds: seedsOf(seeds["quote"]), weight: 30, read: readQuote },
    {
      ...parser,
      name: "oe-quote",
      seeds: seedsOf(seeds["oeQuote"]),
      weight: 10,
      read: decodeOeQuote,
    },
    {
      ...parser,
      name: "evidence",
      // What names the endorsements weight: 8, reads certificates of the host's table, as documented.
      refusals: [AttestationError, PkiError],
      seeds: seedsOf(seeds["evidence"]),
      read: (input) => endorsementRequestOf(recogniseEvidence(input)),
    },
    {
      ...parser,
      name: "quote-chain",
      grammar: "pem",
      seeds: seedsOf(seeds["pckChain"]),
      maxBytes: 60 * KIB,
      weight: 4,
      read: (input) => pckInfoOfQuote({ ...quoteOf(seeds), certDataType: 5, certData: input }),
    },
  ];
}

function readQuote(input: Uint8Array): unknown {
  const quote = parseQuote(input);
  return quote.trailingBytes === 0 ? parseQuote(input, { strictLength: true }) : quote;
}

function quoteOf({ quote = [] }: FuzzWorld["seeds"]): ReturnType<typeof parseQuote> {
  const [first] = quote;
  if (first === undefined) throw new TypeError("there is no quote to begin with");
  return parseQuote(first);
}

function reportTargets({ seeds }: FuzzWorld): Target[] {
  const table = seedsOf(seeds["certTable"]);
  return [
    {
      ...parser,
      name: "snp-report",
      seeds: seedsOf(seeds["report"]),
      weight: 30,
      read: parseSnpReport,
    },
    { ...parser, name: "cert-table", seeds: table, weight: 20, read: parseCertTable },
    {
      ...parser,
      name: "sigstruct",
      seeds: seedsOf(seeds["sigstruct"]),
      weight: 12,
      read: parseSigstruct,
    },
    {
      ...parser,
      name: "vek-extensions",
      grammar: "der",
      refusals: [AttestationError, PkiError],
      seeds: seedsOf(seeds["vek"]),
      maxBytes: 16 * KIB,
      weight: 4,
      read: (input) => {
        const certificate = parseCertificate(input);
        for (const kind of ["VCEK", "VLEK"] as const)
          tolerate(() => readVekInfo(certificate, kind));
      },
    },
  ];
}

/** Runs one reader of several over the same thing, for which a refusal is a value like any other. */
function tolerate(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof AttestationError || error instanceof EncodingError)) throw error;
  }
}

function certificateTargets({ seeds, signing }: FuzzWorld): Target[] {
  const encoded = { ...parser, grammar: "der", refusals: [PkiError] } as const;
  const leaf = parseCertificate(
    parsePem(signing.collateral.tcbInfoIssuerChain).at(0)?.bytes ?? new Uint8Array(),
  );
  return [
    {
      ...encoded,
      name: "certificate",
      seeds: seedsOf(seeds["certificate"]),
      maxBytes: 17 * KIB,
      weight: 12,
      read: readCertificate,
    },
    { ...encoded, name: "crl", seeds: seedsOf(seeds["crl"]), weight: 8, read: parseCrl },
    {
      ...encoded,
      name: "certificate-request",
      seeds: seedsOf(seeds["request"]),
      maxBytes: 17 * KIB,
      weight: 3,
      read: async (bytes) => await parseCertificateRequest(bytes),
    },
    {
      ...encoded,
      name: "pck-extension",
      refusals: [AttestationError],
      seeds: seedsOf(seeds["pckExtension"]),
      maxBytes: 15 * KIB,
      weight: 8,
      read: (value) =>
        readPckInfo({
          ...leaf,
          extensions: [{ oid: RA_TLS_OID.intelSdk, critical: false, value }],
        }),
    },
    {
      ...parser,
      name: "pem",
      grammar: "pem",
      refusals: [EncodingError, PkiError],
      seeds: seedsOf(seeds["chain"]),
      weight: 6,
      read: (input) => parsePem(textOf(input)).map(({ bytes }) => parseCertificate(bytes)),
    },
  ];
}

function readCertificate(input: Uint8Array): unknown {
  const { subjectRaw, extensions } = parseCertificate(input);
  tolerate(() => parseName(subjectRaw));
  for (const { value } of extensions) tolerate(() => parseAlternativeNames(value));
  return extensions;
}

function raTlsTargets({ seeds, raTls }: FuzzWorld): Target[] {
  const [first] = raTls;
  if (first === undefined) throw new TypeError("there is no certificate to begin with");
  const frame = evidenceFrame(first.certificate);
  return [
    {
      ...parser,
      name: "ra-tls",
      grammar: "der",
      seeds: seedsOf(seeds["raTls"]),
      maxBytes: 17 * KIB,
      weight: 8,
      read: readRaTlsEvidence,
    },
    {
      ...parser,
      name: "cbor",
      grammar: "cbor",
      seeds: seedsOf(seeds["cbor"]),
      maxBytes: 15 * KIB,
      weight: 12,
      read: (input) => readRaTlsEvidence(frame(input)),
    },
  ];
}

/** Puts another value into the one extension of a certificate, whose signature stays as it was. */
function evidenceFrame(certificate: Uint8Array): (value: Uint8Array) => Uint8Array {
  const { tbs, signatureAlgorithmRaw, signature, extensions } = parseCertificate(certificate);
  const written = der.context(
    3,
    der.sequence(...extensions.map(({ oid, value }) => encodeExtension(oid, value))),
  );
  const { content } = readDer(tbs, DER_TAG.sequence);
  const rest = content.subarray(0, content.length - written.length);
  const bits = der.bitString(signature);
  return (value) => {
    const replaced = der.context(3, der.sequence(encodeExtension(RA_TLS_OID.evidence, value)));
    return der.sequence(der.sequence(rest, replaced), signatureAlgorithmRaw, bits);
  };
}

function encodeExtension(oid: string, value: Uint8Array): Uint8Array {
  return der.sequence(der.oid(oid), der.octetString(value));
}

function azureTargets({ seeds }: FuzzWorld): Target[] {
  const signatures = seedsOf(seeds["tpmtSignature"]);
  return [
    {
      ...parser,
      name: "hcl-report",
      grammar: "json",
      seeds: seedsOf(seeds["hcl"]),
      weight: 10,
      read: parseHclReport,
    },
    {
      ...parser,
      name: "tpm-quote",
      seeds: seedsOf(seeds["tpmQuote"]),
      weight: 12,
      read: parseTpmQuote,
    },
    { ...parser, name: "tpmt-signature", seeds: signatures, weight: 5, read: parseTpmtSignature },
  ];
}

function documentTargets({ seeds }: FuzzWorld): Target[] {
  const json = { ...parser, grammar: "json" } as const;
  return [
    {
      ...json,
      name: "evidence-policy",
      seeds: seedsOf(seeds["policy"]),
      weight: 6,
      read: (input) => parseEvidencePolicy(textOf(input)),
    },
    {
      ...json,
      name: "collateral-bundle",
      refusals: [TeeError],
      seeds: seedsOf(seeds["bundle"]),
      weight: 6,
      read: parseCollateralBundle,
    },
    {
      ...json,
      name: "manifest",
      refusals: [ManifestError],
      seeds: seedsOf(seeds["manifest"]),
      weight: 6,
      read: parseManifest,
    },
    {
      ...json,
      name: "enclave-image",
      refusals: [TeeError],
      seeds: seedsOf(seeds["image"]),
      weight: 10,
      read: parseImage,
    },
  ];
}
