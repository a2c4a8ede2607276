import {
  type DcapCollateral,
  encodeCertTable,
  encodeEvidence,
  encodeOeQuote,
  encodeSnpReport,
  parseQuote,
  pckChainOf,
  RA_TLS_OID,
} from "@carrara/attestation";
import { concatBytes, fromHex, parsePem, utf8 } from "@carrara/encoding";
import { findExtension, parseCertificate } from "@carrara/pki";
import { encodeCollateralBundle } from "@carrara/tee";
import type { DcapCase, RaTlsCase, Seeds, SnpCase } from "./world.ts";

/** Longest text that the readers of documents start from, so that most of the time is theirs. */
const MAX_DOCUMENT_BYTES = 24 * 1024;
const PCK_EXTENSION = "1.2.840.113741.1.13.1";

/** All that can be taken out of evidence that verifies, by what reads it. */
export function partSeeds(
  dcap: readonly DcapCase[],
  snp: readonly SnpCase[],
  raTls: readonly RaTlsCase[],
): Seeds {
  const chains = [
    ...dcap.flatMap(({ quote }) => pckChainOf(parseQuote(quote)) ?? []),
    ...dcap.map(({ collateral }) => collateral.tcbInfoIssuerChain),
    ...snp.map(({ chain }) => chain),
  ].map((text) => text.split("\0", 1)[0] ?? "");
  const chained = chains.flatMap((text) => parsePem(text).map(({ bytes }) => bytes));
  const certificates = [...chained, ...raTls.map(({ certificate }) => certificate)];
  const quotes = dcap.map(({ quote }) => quote);
  const tables = snp.flatMap(({ certTable }) => certTable ?? []);
  return {
    quote: quotes,
    report: snp.map(({ report }) => report),
    certTable: tables,
    oeQuote: quotes.slice(0, 2).map(encodeOeQuote),
    evidence: [
      ...quotes.map(encodeEvidence),
      ...snp.map(({ report, certTable }) => concatBytes(report, certTable ?? new Uint8Array())),
    ],
    certificate: [...certificates, ...snp.map(({ vek }) => vek)],
    vek: snp.map(({ vek }) => vek),
    chain: chains.map(utf8),
    pckChain: dcap.flatMap(({ quote }) => pckChainOf(parseQuote(quote)) ?? []).map(utf8),
    crl: [
      ...dcap.flatMap(({ collateral }) => [
        fromHex(collateral.pckCrl),
        fromHex(collateral.rootCaCrl),
      ]),
      ...snp.flatMap(({ crl }) => crl ?? []),
    ],
    raTls: raTls.map(({ certificate }) => certificate),
    cbor: certificates.flatMap((der) => extensionOf(der, RA_TLS_OID.evidence)),
    pckExtension: chained.flatMap((der) => extensionOf(der, PCK_EXTENSION)),
    bundle: dcap
      .map(({ collateral }) => bundle(collateral, snp))
      .filter(({ length }) => length < MAX_DOCUMENT_BYTES),
  };
}

function extensionOf(der: Uint8Array, oid: string): Uint8Array[] {
  const found = findExtension(parseCertificate(der), oid);
  return found === undefined ? [] : [found.value];
}

function bundle(collateral: DcapCollateral, snp: readonly SnpCase[]): Uint8Array {
  const [first] = snp;
  return encodeCollateralBundle({
    dcap: [collateral],
    veks: first === undefined ? [] : [first.vek],
    chains: [],
    crls: first?.crl === undefined ? [] : [{ product: "Milan", key: "vcek", crl: first.crl }],
  });
}

/** Inputs of the readers whose subject no platform here gives. */
export function syntheticSeeds(snp: readonly SnpCase[]): Seeds {
  return {
    report: [2, 3, 5].map((version) => encodeSnpReport({ version })),
    certTable: [
      encodeCertTable([]),
      encodeCertTable([
        { guid: "63da758d-e664-4564-adc5-f4b93be8accd", data: snp[0]?.vek ?? new Uint8Array(9) },
        { guid: "00000000-0000-0000-0000-000000000001", data: new Uint8Array(3) },
      ]),
    ],
    hcl: [hclReport()],
    tpmQuote: [TPM_QUOTE],
    tpmtSignature: [concatBytes(fromHex("0014000b0100"), new Uint8Array(256))],
    policy: [utf8(JSON.stringify(POLICY)), utf8(JSON.stringify(POLICY, null, 2))],
    bundle: [utf8(JSON.stringify(SMALL_COLLATERAL)), utf8(SMALL_BUNDLE)],
    manifest: [utf8(JSON.stringify(MANIFEST))],
  };
}

const TPM_QUOTE = concatBytes(
  fromHex("ff5443478018"),
  fromHex("0022"),
  new Uint8Array(34),
  fromHex("0009"),
  utf8("challenge"),
  new Uint8Array(8),
  fromHex("0000000100000002"),
  fromHex("01"),
  new Uint8Array(8),
  fromHex("00000001000b03ffffff"),
  fromHex("0020"),
  new Uint8Array(32),
);

function hclReport(): Uint8Array {
  const n = `v${"A".repeat(341)}`;
  const key = { kid: "HCLAkPub", key_ops: ["sign"], kty: "RSA", e: "AQAB", n };
  const variables = utf8(
    JSON.stringify({ keys: [key], "vm-configuration": {}, "user-data": "0a0b" }),
  );
  const words = (...values: number[]): Uint8Array =>
    new Uint8Array(Uint32Array.from(values).buffer);
  return concatBytes(
    utf8("HCLA"),
    words(1, 0x4d4 + variables.length, 2, 0),
    new Uint8Array(12),
    encodeSnpReport({ version: 2 }),
    words(20 + variables.length, 1, 2, 1, variables.length),
    variables,
    new Uint8Array(16),
  );
}

const POLICY = {
  sgx: {
    measurement: { mrSigner: "ab".repeat(32), isvProdId: 1, minIsvSvn: 2 },
    reportData: "any",
    acceptedStatuses: ["UpToDate", "SWHardeningNeeded"],
    allowedAdvisories: ["INTEL-SA-00615"],
    minTcbEvaluationDataNumber: 17,
    maxCollateralAgeSeconds: 86_400,
    attributes: { value: "00".repeat(16), mask: "ff".repeat(16) },
    allowDebug: false,
  },
  tdx: {
    measurement: { mrTd: "cd".repeat(48), rtMr0: "00".repeat(48) },
    reportData: "00".repeat(64),
    mrServiceTd: "any",
    xfam: "e700060000000000",
  },
  snp: {
    measurement: "any",
    reportData: "any",
    vmpl: 0,
    minTcb: { bootloader: 4, snp: 22 },
    guestPolicy: { required: ["singleSocket"], forbidden: ["debug"] },
    minAbi: { major: 1, minor: 55 },
    idKeyDigests: ["ef".repeat(48)],
    minLaunchMitVector: "0000000000000001",
  },
};

const SMALL_COLLATERAL = {
  tcbInfo: "{}",
  tcbInfoIssuerChain: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  qeIdentity: "{}",
  qeIdentityIssuerChain: "",
  pckCrl: "3000",
  pckCrlIssuerChain: "",
  rootCaCrl: "3000",
  update: "early",
};
const SMALL_BUNDLE = JSON.stringify({
  format: "carrara-collateral/1",
  dcap: [SMALL_COLLATERAL],
  veks: ["MAA="],
  chains: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
  crls: [{ product: "Milan", key: "vcek", crl: "MAA=" }],
});

const MANIFEST = {
  Packages: {
    a: {
      UniqueID: "ab".repeat(32),
      SignerID: "cd".repeat(32),
      ProductID: 7,
      SecurityVersion: 3,
      Debug: true,
      AcceptedTCBStatuses: ["UpToDate"],
      AcceptedAdvisories: [],
    },
  },
  Infrastructures: { Azure: { CPUSVN: [0, 1], QESVN: 2, PCESVN: 3, RootCA: "AAAA" } },
  Marbles: {
    m: {
      Package: "a",
      MaxActivations: 1,
      Parameters: {
        Files: { "/f": "text", "/g": { Encoding: "hex", NoTemplates: true, Data: "00ff" } },
        Env: { KEY: { Encoding: "base64", Data: "AAAA" }, OTHER: "{{ raw .Secrets.s }}" },
        Argv: ["./marble", "--flag"],
      },
      TLS: ["t"],
      DisableSecretBinding: true,
    },
  },
  Secrets: {
    s: { Type: "symmetric-key", Size: 128, Shared: true },
    c: {
      Type: "cert-ecdsa",
      Size: 256,
      ValidFor: 7,
      Cert: {
        SerialNumber: 17,
        NotBefore: "2026-06-01T00:00:00Z",
        Subject: { CommonName: "name", Organization: ["org"] },
        DNSNames: ["localhost"],
        IPAddresses: ["127.0.0.1"],
        KeyUsage: 5,
      },
    },
  },
  Users: { u: { Certificate: "-----BEGIN CERTIFICATE-----", Roles: ["r"] } },
  Roles: {
    r: { ResourceType: "Packages", ResourceNames: ["a"], Actions: ["UpdateSecurityVersion"] },
  },
  RecoveryKeys: { k: "-----BEGIN PUBLIC KEY-----" },
  TLS: {
    t: {
      Incoming: [{ Port: "443", Cert: "c", DisableClientAuth: true }],
      Outgoing: [{ Port: "80", Addr: "host" }],
    },
  },
  Config: { SealMode: "ProductKey", FeatureGates: ["SignQuoteEndpoint"], UpdateThreshold: 1 },
};
