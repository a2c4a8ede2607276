import { concatBytes, encodePem, fromHex, toHex, utf8 } from "@carrara/encoding";
import {
  type CertificateTemplate,
  type CrlTemplate,
  commonName,
  type EcKey,
  ecdsaFromDer,
  extension,
  generateEcKey,
  issueCertificate,
  issueCrl,
  keyIdentifier,
  randomSerial,
} from "@carrara/pki";
import { sha256 } from "../crypto.ts";
import {
  type DcapCollateral,
  encodeQeIdentity,
  encodeTcbInfo,
  type QeIdentityText,
  type TcbInfoText,
} from "../sgx/collateral.ts";
import { encodePckExtension, type PckExtensionFields } from "../sgx/pck-certificate.ts";
import { encodeQuoteV3, encodeQuoteV3Signed } from "../sgx/quote.ts";
import { encodeSgxReportBody, type SgxReportBodyFields } from "../sgx/report-body.ts";
import { createSimulationAnchor, type TrustAnchor } from "../trust-anchor.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** The certificates of a platform, by what they are for. */
export type CertificateRole = "root" | "ca" | "leaf" | "signer";

/** Ways to make a platform differ from a good one; each gets the good value and gives another. */
export interface TestPlatformOptions {
  /** Time around which everything is valid; default 2026-06-01. */
  readonly now?: Date;
  readonly pck?: Partial<PckExtensionFields>;
  readonly certificate?: (role: CertificateRole, good: CertificateTemplate) => CertificateTemplate;
  readonly crl?: (
    issuer: "root" | "ca",
    good: CrlTemplate,
    serials: Readonly<Record<CertificateRole, Uint8Array>>,
  ) => CrlTemplate;
  readonly tcbInfo?: (good: TcbInfoText) => TcbInfoText;
  readonly qeIdentity?: (good: QeIdentityText) => QeIdentityText;
  /** Changes JSON text before it is signed. */
  readonly json?: (member: "tcbInfo" | "enclaveIdentity", good: string) => string;
  /** Key that signs in place of the one that ought to. */
  readonly signingKeyOf?: (what: CertificateRole | "qe-report" | "quote") => EcKey | undefined;
}

/** Parts of a quote that differ from a good one. */
export interface TestQuoteOptions {
  readonly body?: Partial<SgxReportBodyFields>;
  readonly qeReport?: Partial<SgxReportBodyFields>;
  readonly qeAuthData?: Uint8Array;
  readonly pckChainPem?: string;
}

/** A platform that exists in memory only, with keys of its own. */
export interface TestPlatform {
  readonly now: Date;
  readonly anchor: TrustAnchor;
  readonly collateral: DcapCollateral;
  readonly pckChainPem: string;
  readonly keys: Readonly<Record<CertificateRole | "attestation", EcKey>>;
  readonly serials: Readonly<Record<CertificateRole, Uint8Array>>;
  /** A raw quote of version 3 over `reportData`, zero-padded to 64 bytes. */
  quote(reportData: Uint8Array, options?: TestQuoteOptions): Promise<Uint8Array>;
}

const NAMES: Readonly<Record<CertificateRole, string>> = {
  root: "SIMULATION SGX Root CA",
  ca: "SIMULATION SGX PCK Platform CA",
  leaf: "SIMULATION SGX PCK Certificate",
  signer: "SIMULATION SGX TCB Signing",
};

/** CPUSVN of the platform, equal to the components of its first TCB level. */
export const TEST_CPU_SVN: Uint8Array = fromHex("0b0b0202ff0100000000000000000000");

/** Attributes of an ordinary 64-bit enclave: INIT, MODE64BIT, x87 and SSE state. */
export const TEST_ATTRIBUTES: Uint8Array = fromHex("05000000000000000300000000000000");

const QE_ATTRIBUTES = fromHex("11000000000000000300000000000000");

const GOOD_PCK: PckExtensionFields = {
  ppid: concatBytes(utf8("SIMULATED-PPID"), new Uint8Array(2)),
  cpuSvn: TEST_CPU_SVN,
  pceSvn: 13,
  pceId: new Uint8Array(2),
  fmspc: fromHex("53494d000000"),
  platformInstanceId: new Uint8Array(16),
};

interface Authority {
  readonly keys: Readonly<Record<CertificateRole | "attestation", EcKey>>;
  readonly serials: Readonly<Record<CertificateRole, Uint8Array>>;
  readonly certificates: Readonly<Record<CertificateRole, Uint8Array>>;
}

/** Creates a platform whose evidence verifies under its own simulation anchor, but for `options`. */
export async function createTestPlatform(options: TestPlatformOptions = {}): Promise<TestPlatform> {
  const now = options.now ?? new Date("2026-06-01T12:00:00Z");
  const authority = await createAuthority(now, options);
  const { certificates, keys, serials } = authority;
  const pem = (role: CertificateRole): string => encodePem("CERTIFICATE", certificates[role]);
  const pckChainPem = pem("leaf") + pem("ca") + pem("root");
  const signerChain = pem("signer") + pem("root");
  const collateral: DcapCollateral = {
    tcbInfo: await signJson("tcbInfo", goodTcbInfo(now, options), keys.signer, options),
    tcbInfoIssuerChain: signerChain,
    qeIdentity: await signJson(
      "enclaveIdentity",
      goodQeIdentity(now, options),
      keys.signer,
      options,
    ),
    qeIdentityIssuerChain: signerChain,
    pckCrl: await createCrl("ca", now, authority, options),
    pckCrlIssuerChain: pem("ca") + pem("root"),
    rootCaCrl: await createCrl("root", now, authority, options),
  };
  return {
    now,
    anchor: createSimulationAnchor(certificates.root),
    collateral,
    pckChainPem,
    keys,
    serials,
    quote: async (reportData, quoteOptions = {}) =>
      await createQuote(reportData, { keys, pckChainPem, options, quoteOptions }),
  };
}

async function createAuthority(now: Date, options: TestPlatformOptions): Promise<Authority> {
  const [root, ca, leaf, signer, attestation] = await Promise.all(
    Array.from({ length: 5 }, async () => await generateEcKey("P-256")),
  );
  if (!root || !ca || !leaf || !signer || !attestation) throw new Error("unreachable");
  const keys = { root, ca, leaf, signer, attestation };
  const serials = {
    root: randomSerial(),
    ca: randomSerial(),
    leaf: randomSerial(),
    signer: randomSerial(),
  };
  const issue = async (role: CertificateRole, issuer: "root" | "ca"): Promise<Uint8Array> => {
    const good: CertificateTemplate = {
      serial: serials[role],
      issuer: commonName(NAMES[issuer]),
      subject: commonName(NAMES[role]),
      notBefore: new Date(now.getTime() - 10 * DAY_MS),
      notAfter: new Date(now.getTime() + 10 * DAY_MS),
      spki: keys[role].spki,
      extensions: [
        ...extensionsOf(role),
        ...(role === "leaf" ? [encodePckExtension({ ...GOOD_PCK, ...options.pck })] : []),
        extension.authorityKeyIdentifier(await keyIdentifier(keys[issuer].spki)),
      ],
    };
    const template = options.certificate?.(role, good) ?? good;
    return await issueCertificate(template, (options.signingKeyOf?.(role) ?? keys[issuer]).signer);
  };
  const certificates = {
    root: await issue("root", "root"),
    ca: await issue("ca", "root"),
    leaf: await issue("leaf", "ca"),
    signer: await issue("signer", "root"),
  };
  return { keys, serials, certificates };
}

function extensionsOf(role: CertificateRole): CertificateTemplate["extensions"] {
  const isCa = role === "root" || role === "ca";
  if (isCa) {
    const pathLength = role === "root" ? 1 : 0;
    return [
      extension.basicConstraints(true, pathLength),
      extension.keyUsage("keyCertSign", "cRLSign"),
    ];
  }
  return [
    extension.basicConstraints(false),
    extension.keyUsage("digitalSignature", "nonRepudiation"),
  ];
}

function goodTcbInfo(now: Date, { tcbInfo, json }: TestPlatformOptions): string {
  const good: TcbInfoText = {
    issueDate: new Date(now.getTime() - DAY_MS),
    nextUpdate: new Date(now.getTime() + 7 * DAY_MS),
    fmspc: "53494D000000",
    pceId: "0000",
    evaluationDataNumber: 17,
    levels: [
      {
        components: [...TEST_CPU_SVN],
        pceSvn: 13,
        date: new Date("2026-02-01T00:00:00Z"),
        status: "UpToDate",
      },
      {
        components: new Array<number>(16).fill(0),
        pceSvn: 5,
        date: new Date("2020-02-01T00:00:00Z"),
        status: "OutOfDate",
        advisoryIds: ["INTEL-SA-00001"],
      },
    ],
  };
  const text = encodeTcbInfo(tcbInfo?.(good) ?? good);
  return json?.("tcbInfo", text) ?? text;
}

function goodQeIdentity(now: Date, { qeIdentity, json }: TestPlatformOptions): string {
  const good: QeIdentityText = {
    issueDate: new Date(now.getTime() - DAY_MS),
    nextUpdate: new Date(now.getTime() + 8 * DAY_MS),
    evaluationDataNumber: 18,
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrSigner: "51".repeat(32),
    isvProdId: 1,
    levels: [
      { isvSvn: 8, date: new Date("2026-03-01T00:00:00Z"), status: "UpToDate" },
      {
        isvSvn: 5,
        date: new Date("2019-03-01T00:00:00Z"),
        status: "OutOfDate",
        advisoryIds: ["INTEL-SA-00002"],
      },
    ],
  };
  const text = encodeQeIdentity(qeIdentity?.(good) ?? good);
  return json?.("enclaveIdentity", text) ?? text;
}

async function signJson(
  member: "tcbInfo" | "enclaveIdentity",
  text: string,
  key: EcKey,
  _options: TestPlatformOptions,
): Promise<string> {
  const signature = await signRaw(key, utf8(text));
  return `{"${member}":${text},"signature":"${toHex(signature)}"}`;
}

async function signRaw(key: EcKey, data: Uint8Array): Promise<Uint8Array> {
  return ecdsaFromDer(await key.signer.sign(data), 32);
}

async function createCrl(
  issuer: "root" | "ca",
  now: Date,
  { keys, serials }: Authority,
  { crl }: TestPlatformOptions,
): Promise<string> {
  const good: CrlTemplate = {
    issuer: commonName(NAMES[issuer]),
    thisUpdate: new Date(now.getTime() - 2 * DAY_MS),
    nextUpdate: new Date(now.getTime() + 9 * DAY_MS),
    revoked: [{ serial: new Uint8Array([0x55]), date: now }],
    extensions: [
      extension.crlNumber(1n),
      extension.authorityKeyIdentifier(await keyIdentifier(keys[issuer].spki)),
    ],
  };
  return toHex(await issueCrl(crl?.(issuer, good, serials) ?? good, keys[issuer].signer));
}

async function createQuote(
  reportData: Uint8Array,
  platform: Pick<TestPlatform, "keys" | "pckChainPem"> & {
    readonly options: TestPlatformOptions;
    readonly quoteOptions: TestQuoteOptions;
  },
): Promise<Uint8Array> {
  const { keys, options, quoteOptions } = platform;
  const qeAuthData = quoteOptions.qeAuthData ?? new Uint8Array(32).fill(0x0a);
  // An uncompressed point ends every P-256 SubjectPublicKeyInfo.
  const attestationKey = keys.attestation.spki.slice(-64);
  const qeReport = encodeSgxReportBody({
    cpuSvn: TEST_CPU_SVN,
    attributes: QE_ATTRIBUTES,
    mrEnclave: new Uint8Array(32).fill(0x0e),
    mrSigner: new Uint8Array(32).fill(0x51),
    isvProdId: 1,
    isvSvn: 8,
    reportData: await sha256(concatBytes(attestationKey, qeAuthData)),
    ...quoteOptions.qeReport,
  });
  const body = encodeSgxReportBody({
    cpuSvn: TEST_CPU_SVN,
    attributes: TEST_ATTRIBUTES,
    mrEnclave: new Uint8Array(32).fill(0xaa),
    mrSigner: new Uint8Array(32).fill(0xbb),
    isvProdId: 7,
    isvSvn: 3,
    reportData,
    ...quoteOptions.body,
  });
  const signed = encodeQuoteV3Signed(utf8("SIMULATED-TEE"), body);
  return encodeQuoteV3(signed, {
    signature: await signRaw(options.signingKeyOf?.("quote") ?? keys.attestation, signed),
    attestationKey,
    qeReport,
    qeReportSignature: await signRaw(options.signingKeyOf?.("qe-report") ?? keys.leaf, qeReport),
    qeAuthData,
    pckChainPem: quoteOptions.pckChainPem ?? platform.pckChainPem,
  });
}
