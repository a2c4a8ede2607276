import { concatBytes, encodePem, fromHex, toHex, utf8 } from "@carrara/encoding";
import {
  commonName,
  type EcKey,
  ecdsaFromDer,
  extension,
  generateEcKey,
  issueCertificate,
  issueCrl,
  keyIdentifier,
  type NameAttribute,
  type Signer,
} from "@carrara/pki";
import {
  createSimulationAnchor,
  type DcapCollateral,
  encodePckExtension,
  encodeQeIdentity,
  encodeQuoteV3,
  encodeQuoteV3Signed,
  encodeSgxReportBody,
  encodeTcbInfo,
  type SgxReportBodyFields,
  type TrustAnchor,
} from "../index.ts";

/** The time that all evidence of a test platform is good at. */
export const NOW: Date = new Date("2026-06-15T12:00:00Z");
const DAY_MS = 86_400_000;
const FROM = new Date(NOW.getTime() - 10 * DAY_MS);
const UNTIL = new Date(NOW.getTime() + 10 * DAY_MS);
const CPU_SVN = fromHex("0b0b0202ff0100000000000000000000");
const FMSPC = "53494d000000";
const QE_MR_SIGNER = new Uint8Array(32).fill(0x51);

/** What a test may bend; everything else is as it should be. */
export interface TestPlatformOptions {
  readonly tcbStatus?: string;
  readonly tcbAdvisories?: readonly string[];
  readonly qeStatus?: string;
  readonly qeIsvSvn?: number;
  readonly pceSvn?: number;
  readonly fmspc?: string;
  readonly qeDebug?: boolean;
  readonly revoke?: "leaf" | "ca" | "signer";
  readonly tcbUntil?: Date;
  readonly qeUntil?: Date;
  readonly crlUntil?: Date;
  readonly leafUntil?: Date;
  readonly leafIsCa?: boolean;
  readonly caMayNotIssue?: boolean;
  readonly leafName?: string;
  readonly signerIsPck?: boolean;
}

/** A platform with its own root: quotes and the collateral to verify them with. */
export interface TestPlatform {
  readonly anchor: TrustAnchor;
  readonly collateral: DcapCollateral;
  quote(body?: Partial<SgxReportBodyFields>): Promise<Uint8Array>;
}

interface Issued {
  readonly key: EcKey;
  readonly name: readonly NameAttribute[];
  readonly der: Uint8Array;
  readonly serial: Uint8Array;
}

async function issue(
  cn: string,
  issuer: Issued | undefined,
  options: { ca?: number; until?: Date; extra?: ReturnType<typeof encodePckExtension>[] },
): Promise<Issued> {
  const key = await generateEcKey("P-256");
  const name = commonName(cn);
  const serial = crypto.getRandomValues(new Uint8Array(8));
  serial[0] = 0x11;
  const { ca, until = UNTIL, extra = [] } = options;
  const der = await issueCertificate(
    {
      serial,
      issuer: issuer?.name ?? name,
      subject: name,
      notBefore: FROM,
      notAfter: until,
      spki: key.spki,
      extensions: [
        extension.basicConstraints(ca !== undefined, ca),
        ca === undefined
          ? extension.keyUsage("digitalSignature", "nonRepudiation")
          : extension.keyUsage("keyCertSign", "cRLSign"),
        ...extra,
      ],
    },
    (issuer?.key ?? key).signer,
  );
  return { key, name, der, serial };
}

async function crl(issuer: Issued, until: Date, revoked: readonly Uint8Array[]): Promise<string> {
  const bytes = await issueCrl(
    {
      issuer: issuer.name,
      thisUpdate: FROM,
      nextUpdate: until,
      revoked: revoked.map((serial) => ({ serial, date: FROM })),
      extensions: [
        extension.authorityKeyIdentifier(await keyIdentifier(issuer.key.spki)),
        extension.crlNumber(1n),
      ],
    },
    issuer.key.signer,
  );
  return toHex(bytes);
}

async function signFixed(signer: Signer, data: Uint8Array): Promise<Uint8Array> {
  return ecdsaFromDer(await signer.sign(data), 32);
}

async function signedBody(member: string, inner: string, signer: Issued): Promise<string> {
  const signature = toHex(await signFixed(signer.key.signer, utf8(inner)));
  return `{"${member}":${inner},"signature":"${signature}"}`;
}

function pem(...chain: readonly Issued[]): string {
  return chain.map(({ der }) => encodePem("CERTIFICATE", der)).join("");
}

/** x‖y of a P-256 key: the last 64 bytes of its SubjectPublicKeyInfo. */
function pointOf(key: EcKey): Uint8Array {
  return key.spki.slice(-64);
}

/** Makes a platform whose evidence verifies, but for what `options` bend. */
export async function createTestPlatform(options: TestPlatformOptions = {}): Promise<TestPlatform> {
  const root = await issue("SIMULATION SGX Root CA", undefined, { ca: 1 });
  const ca = await issue(
    "SIMULATION SGX PCK Platform CA",
    root,
    options.caMayNotIssue === true ? {} : { ca: 0 },
  );
  const pckExtension = encodePckExtension({
    ppid: new Uint8Array(16),
    cpuSvn: CPU_SVN,
    pceSvn: options.pceSvn ?? 13,
    pceId: new Uint8Array(2),
    fmspc: fromHex(FMSPC),
    platformInstanceId: new Uint8Array(16),
  });
  const leaf = await issue(options.leafName ?? "SIMULATION SGX PCK Certificate", ca, {
    extra: [pckExtension],
    ...(options.leafUntil === undefined ? {} : { until: options.leafUntil }),
    ...(options.leafIsCa === true ? { ca: 0 } : {}),
  });
  const signer = await issue(
    "SIMULATION SGX TCB Signing",
    options.signerIsPck === true ? leaf : root,
    {},
  );
  const anchor = createSimulationAnchor(root.der);
  return {
    anchor,
    collateral: await collateralOf({ root, ca, leaf, signer }, options),
    quote: async (body = {}) => await quoteOf({ root, ca, leaf }, options, body),
  };
}

async function collateralOf(
  { root, ca, leaf, signer }: Record<"root" | "ca" | "leaf" | "signer", Issued>,
  options: TestPlatformOptions,
): Promise<DcapCollateral> {
  const tcbInfo = encodeTcbInfo({
    issueDate: FROM,
    nextUpdate: options.tcbUntil ?? UNTIL,
    fmspc: options.fmspc ?? FMSPC,
    pceId: "0000",
    evaluationDataNumber: 17,
    levels: [
      {
        components: [...CPU_SVN],
        pceSvn: 13,
        date: FROM,
        status: options.tcbStatus ?? "UpToDate",
        ...(options.tcbAdvisories === undefined ? {} : { advisoryIds: options.tcbAdvisories }),
      },
    ],
  });
  const qeIdentity = encodeQeIdentity({
    issueDate: FROM,
    nextUpdate: options.qeUntil ?? UNTIL,
    evaluationDataNumber: 17,
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrSigner: toHex(QE_MR_SIGNER),
    isvProdId: 1,
    levels: [{ isvSvn: 8, date: FROM, status: options.qeStatus ?? "UpToDate" }],
  });
  const revokedByRoot = { ca: [ca.serial], signer: [signer.serial], leaf: [] };
  const crlUntil = options.crlUntil ?? UNTIL;
  return {
    tcbInfo: await signedBody("tcbInfo", tcbInfo, signer),
    tcbInfoIssuerChain: pem(signer, root),
    qeIdentity: await signedBody("enclaveIdentity", qeIdentity, signer),
    qeIdentityIssuerChain: pem(signer, root),
    pckCrl: await crl(ca, crlUntil, options.revoke === "leaf" ? [leaf.serial] : []),
    pckCrlIssuerChain: pem(ca, root),
    rootCaCrl: await crl(
      root,
      crlUntil,
      options.revoke === undefined ? [] : revokedByRoot[options.revoke],
    ),
  };
}

async function quoteOf(
  { root, ca, leaf }: Record<"root" | "ca" | "leaf", Issued>,
  options: TestPlatformOptions,
  body: Partial<SgxReportBodyFields>,
): Promise<Uint8Array> {
  const attestation = await generateEcKey("P-256");
  const qeAuthData = new Uint8Array(32).fill(7);
  const attestationKey = pointOf(attestation);
  const commitment = await crypto.subtle.digest("SHA-256", concatBytes(attestationKey, qeAuthData));
  const qeReport = encodeSgxReportBody({
    cpuSvn: CPU_SVN,
    attributes: fromHex(`${options.qeDebug === true ? "13" : "11"}${"00".repeat(15)}`),
    mrEnclave: new Uint8Array(32),
    mrSigner: QE_MR_SIGNER,
    isvProdId: 1,
    isvSvn: options.qeIsvSvn ?? 8,
    reportData: new Uint8Array(commitment),
  });
  const signed = encodeQuoteV3Signed(
    utf8("SIMULATED-TEE"),
    encodeSgxReportBody({
      cpuSvn: CPU_SVN,
      attributes: fromHex(`05${"00".repeat(7)}07${"00".repeat(7)}`),
      mrEnclave: new Uint8Array(32).fill(1),
      mrSigner: new Uint8Array(32).fill(2),
      isvProdId: 4,
      isvSvn: 3,
      reportData: new Uint8Array(64).fill(9),
      ...body,
    }),
  );
  return encodeQuoteV3(signed, {
    signature: await signFixed(attestation.signer, signed),
    attestationKey,
    qeReport,
    qeReportSignature: await signFixed(leaf.key.signer, qeReport),
    qeAuthData,
    pckChainPem: pem(leaf, ca, root),
  });
}
