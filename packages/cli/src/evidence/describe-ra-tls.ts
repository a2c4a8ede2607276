import {
  type Cbor,
  RA_TLS_HASHES,
  type RaTlsCertificate,
  type RaTlsEvidence,
} from "@carrara/attestation";
import { toHex } from "@carrara/encoding";
import { describeCertificate, describeDer } from "./describe-certificate.ts";
import { describeQuote } from "./describe-quote.ts";
import { describeSnp } from "./describe-snp.ts";
import { type Fact, fact, facts, type Json, noted, type Part } from "./facts.ts";

/** A certificate with evidence in it, the claims, and every field of the evidence. */
export function describeRaTls({ certificate, evidence, ignored }: RaTlsCertificate): Part[] {
  return [
    describeCertificate(certificate, "certificate", "RA-TLS certificate"),
    {
      key: "raTls",
      title: "Evidence in the certificate",
      facts: [
        ...facts({
          kind: evidence.kind,
          oid: evidence.oid,
          critical: evidence.critical,
          evidenceBytes: evidence.evidence.length,
        }),
        ...claimFacts(evidence),
        fact(
          "ignored",
          ignored.map(({ oid, value }) => `${oid} [${value.length} bytes]`),
        ),
      ],
    },
    ...describeInner(evidence),
  ];
}

function claimFacts(evidence: RaTlsEvidence): Fact[] {
  if (!("claims" in evidence)) return [];
  const { pubkeyHash, nonce, others, raw } = evidence.claims;
  return [
    ...facts({
      ...("cborTag" in evidence ? { cborTag: evidence.cborTag } : {}),
      pubkeyHash: noted(pubkeyHash.value, RA_TLS_HASHES.get(pubkeyHash.algId) ?? "unknown hash"),
      pubkeyHashAlgorithm: pubkeyHash.algId,
      nonce: nonce ?? null,
    }),
    fact(
      "otherClaims",
      Object.fromEntries([...others].map(([name, value]) => [name, cborToJson(value)])),
    ),
    fact("claims", raw),
  ];
}

function describeInner(evidence: RaTlsEvidence): Part[] {
  if (evidence.kind === "sev-snp") {
    return [
      ...describeSnp(evidence.evidence, new Uint8Array()),
      ...evidence.vekChain.flatMap((der) => describeDer(der)),
    ];
  }
  if (evidence.kind === "interoperable" && evidence.cborTag === 60001) {
    const { evidence: report } = evidence;
    return [
      { key: "report", title: "Local report", facts: facts({ bytes: report.length, report }) },
    ];
  }
  return describeQuote(evidence.evidence);
}

/** Bytes become hex, numbers that JSON cannot hold become text. */
function cborToJson(item: Cbor): Json {
  switch (item.kind) {
    case "integer":
      return Number.isSafeInteger(Number(item.value)) ? Number(item.value) : item.value.toString();
    case "bytes":
      return toHex(item.value);
    case "text":
      return item.value;
    case "array":
      return item.items.map(cborToJson);
    case "map":
      return item.entries.map(([key, value]) => [cborToJson(key), cborToJson(value)]);
    case "tag":
      return { tag: item.tag.toString(), content: cborToJson(item.content) };
    case "simple":
      return item.value === 20 || item.value === 21 ? item.value === 21 : null;
    case "float":
      return { float: toHex(item.bytes) };
  }
}
