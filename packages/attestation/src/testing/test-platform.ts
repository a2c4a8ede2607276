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
import type { DcapCollateral, QeIdentityText, TcbInfoText } from "../dcap/collateral.ts";
import { encodePckExtension, type PckExtensionFields } from "../dcap/pck-certificate.ts";
import { encodeQuote, encodeQuoteSigned, type QuoteForm } from "../dcap/quote.ts";
import { encodeSgxReportBody, type SgxReportBodyFields } from "../dcap/report-body.ts";
import { createSimulationAnchor, type TrustAnchor } from "../trust-anchor.ts";
import { qeIdentityText, TEST_CPU_SVN, tcbInfoText } from "./test-endorsements.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** The certificates of a platform, by what they are for. */
type CertificateRole = "root" | "ca" | "leaf" | "signer";

/** Everything that is signed. */
type SignedThing =
  | CertificateRole
  | "tcbInfo"
  | "enclaveIdentity"
  | "rootCrl"
  | "caCrl"
  | "qeReport"
  | "quote";

type Serials = Readonly<Record<CertificateRole, Uint8Array>>;
type Keys = Readonly<Record<CertificateRole | "attestation", EcKey>>;

/** Ways to bend a platform; each gets the good value and gives another. */
export interface TestPlatformOptions {
  readonly pck?: Partial<PckExtensionFields>;
  readonly certificate?: (role: CertificateRole, good: CertificateTemplate) => CertificateTemplate;
  readonly crl?: (issuer: "root" | "ca", good: CrlTemplate, serials: Serials) => CrlTemplate;
  readonly tcbInfo?: (good: TcbInfoText) => TcbInfoText;
  readonly qeIdentity?: (good: QeIdentityText) => QeIdentityText;
  /** Changes JSON text before it is signed. */
  readonly json?: (member: "tcbInfo" | "enclaveIdentity", good: string) => string;
  /** The key that signs in place of the one that ought to. */
  readonly signerOf?: (what: SignedThing, keys: Keys) => EcKey | undefined;
}

/** Parts of a quote that differ from a good one. */
export interface TestQuoteOptions {
  readonly body?: SgxReportBodyFields;
  readonly qeReport?: SgxReportBodyFields;
  readonly qeAuthData?: Uint8Array;
  readonly pckChainPem?: string;
  /** A TD report in the place of the SGX one. */
  readonly td?: { readonly form: QuoteForm & { readonly tee: "tdx" }; readonly report: Uint8Array };
}

/** A platform that exists in memory only, with keys and a root of its own. */
export interface TestPlatform {
  /** A time at which everything is valid. */
  readonly now: Date;
  readonly anchor: TrustAnchor;
  readonly collateral: DcapCollateral;
  readonly pckChainPem: string;
  readonly keys: Keys;
  readonly serials: Serials;
  /** A raw quote of version 3 over `reportData`, zero-padded to 64 bytes. */
  quote(reportData: Uint8Array, options?: TestQuoteOptions): Promise<Uint8Array>;
}

const SGX_V3: QuoteForm = { version: 3, tee: "sgx" };
const NOW = new Date("2026-06-01T12:00:00Z");

const NAMES: Readonly<Record<CertificateRole, string>> = {
  root: "SIMULATION SGX Root CA",
  ca: "SIMULATION SGX PCK Platform CA",
  leaf: "SIMULATION SGX PCK Certificate",
  signer: "SIMULATION SGX TCB Signing",
};

const GOOD_PCK: PckExtensionFields = {
  ppid: concatBytes(utf8("SIMULATED-PPID"), new Uint8Array(2)),
  cpuSvn: TEST_CPU_SVN,
  pceSvn: 13,
  pceId: new Uint8Array(2),
  fmspc: fromHex("53494d000000"),
  platformInstanceId: new Uint8Array(16),
};

/** Creates a platform whose evidence verifies under its own anchor, but for what `options` bend. */
export async function createTestPlatform(options: TestPlatformOptions = {}): Promise<TestPlatform> {
  const keys = await generateKeys();
  const serials: Serials = {
    root: randomSerial(),
    ca: randomSerial(),
    leaf: randomSerial(),
    signer: randomSerial(),
  };
  const certificates = await issueCertificates(keys, serials, options);
  const pem = (role: CertificateRole): string => encodePem("CERTIFICATE", certificates[role]);
  const pckChainPem = pem("leaf") + pem("ca") + pem("root");
  const signerChain = pem("signer") + pem("root");
  const crlOf = async (issuer: "root" | "ca"): Promise<string> =>
    await createCrl(issuer, keys, serials, options);
  return {
    now: NOW,
    anchor: createSimulationAnchor(certificates.root),
    collateral: {
      tcbInfo: await signJson("tcbInfo", tcbInfoText(NOW, options.tcbInfo), keys, options),
      tcbInfoIssuerChain: signerChain,
      qeIdentity: await signJson(
        "enclaveIdentity",
        qeIdentityText(NOW, options.qeIdentity),
        keys,
        options,
      ),
      qeIdentityIssuerChain: signerChain,
      pckCrl: await crlOf("ca"),
      pckCrlIssuerChain: pem("ca") + pem("root"),
      rootCaCrl: await crlOf("root"),
    },
    pckChainPem,
    keys,
    serials,
    quote: async (reportData, quoteOptions = {}) =>
      await createQuote(keys, options, { body: {}, pckChainPem, ...quoteOptions }, reportData),
  };
}

async function generateKeys(): Promise<Keys> {
  const generate = async (): Promise<EcKey> => await generateEcKey("P-256");
  return {
    root: await generate(),
    ca: await generate(),
    leaf: await generate(),
    signer: await generate(),
    attestation: await generate(),
  };
}

async function issueCertificates(
  keys: Keys,
  serials: Serials,
  options: TestPlatformOptions,
): Promise<Readonly<Record<CertificateRole, Uint8Array>>> {
  const issue = async (role: CertificateRole, issuer: "root" | "ca"): Promise<Uint8Array> => {
    const good: CertificateTemplate = {
      serial: serials[role],
      issuer: commonName(NAMES[issuer]),
      subject: commonName(NAMES[role]),
      notBefore: new Date(NOW.getTime() - 10 * DAY_MS),
      notAfter: new Date(NOW.getTime() + 10 * DAY_MS),
      spki: keys[role].spki,
      extensions: [
        ...profileOf(role),
        ...(role === "leaf" ? [encodePckExtension({ ...GOOD_PCK, ...options.pck })] : []),
        extension.authorityKeyIdentifier(await keyIdentifier(keys[issuer].spki)),
      ],
    };
    const key = options.signerOf?.(role, keys) ?? keys[issuer];
    return await issueCertificate(options.certificate?.(role, good) ?? good, key.signer);
  };
  return {
    root: await issue("root", "root"),
    ca: await issue("ca", "root"),
    leaf: await issue("leaf", "ca"),
    signer: await issue("signer", "root"),
  };
}

/** Constraints and key usage by the table of specification section 1.8. */
function profileOf(role: CertificateRole): CertificateTemplate["extensions"] {
  return role === "root" || role === "ca"
    ? [
        extension.basicConstraints(true, role === "root" ? 1 : 0),
        extension.keyUsage("keyCertSign", "cRLSign"),
      ]
    : [extension.basicConstraints(false), extension.keyUsage("digitalSignature", "nonRepudiation")];
}

async function signJson(
  member: "tcbInfo" | "enclaveIdentity",
  good: string,
  keys: Keys,
  { json, signerOf }: TestPlatformOptions,
): Promise<string> {
  const text = json?.(member, good) ?? good;
  const signature = await signFixed(signerOf?.(member, keys) ?? keys.signer, utf8(text));
  return `{"${member}":${text},"signature":"${toHex(signature)}"}`;
}

/** r‖s, as quotes and signed JSON carry it. */
async function signFixed(key: EcKey, data: Uint8Array): Promise<Uint8Array> {
  return ecdsaFromDer(await key.signer.sign(data), 32);
}

async function createCrl(
  issuer: "root" | "ca",
  keys: Keys,
  serials: Serials,
  { crl, signerOf }: TestPlatformOptions,
): Promise<string> {
  const good: CrlTemplate = {
    issuer: commonName(NAMES[issuer]),
    thisUpdate: new Date(NOW.getTime() - 2 * DAY_MS),
    nextUpdate: new Date(NOW.getTime() + 9 * DAY_MS),
    revoked: [{ serial: new Uint8Array([0x55]), date: NOW }],
    extensions: [
      extension.crlNumber(1n),
      extension.authorityKeyIdentifier(await keyIdentifier(keys[issuer].spki)),
    ],
  };
  const key = signerOf?.(`${issuer}Crl`, keys) ?? keys[issuer];
  return toHex(await issueCrl(crl?.(issuer, good, serials) ?? good, key.signer));
}

async function createQuote(
  keys: Keys,
  { signerOf }: TestPlatformOptions,
  options: TestQuoteOptions & { readonly pckChainPem: string },
  reportData: Uint8Array,
): Promise<Uint8Array> {
  const { qeAuthData = new Uint8Array(32).fill(0x0a), pckChainPem } = options;
  // An uncompressed point ends every P-256 SubjectPublicKeyInfo.
  const attestationKey = keys.attestation.spki.slice(-64);
  const qeReport = encodeSgxReportBody({
    cpuSvn: TEST_CPU_SVN,
    attributes: fromHex("11000000000000000300000000000000"),
    mrEnclave: new Uint8Array(32).fill(0x0e),
    mrSigner: new Uint8Array(32).fill(0x51),
    isvProdId: 1,
    isvSvn: 8,
    reportData: await sha256(concatBytes(attestationKey, qeAuthData)),
    ...options.qeReport,
  });
  const body = encodeSgxReportBody({
    cpuSvn: TEST_CPU_SVN,
    attributes: fromHex("05000000000000000300000000000000"),
    mrEnclave: new Uint8Array(32).fill(0xaa),
    mrSigner: new Uint8Array(32).fill(0xbb),
    isvProdId: 7,
    isvSvn: 3,
    reportData,
    ...options.body,
  });
  const { form, report } = options.td ?? { form: SGX_V3, report: body };
  const signed = encodeQuoteSigned(form, utf8("SIMULATED-TEE"), report);
  return encodeQuote(signed, {
    signature: await signFixed(signerOf?.("quote", keys) ?? keys.attestation, signed),
    attestationKey,
    qeReport,
    qeReportSignature: await signFixed(signerOf?.("qeReport", keys) ?? keys.leaf, qeReport),
    qeAuthData,
    pckChainPem,
  });
}
