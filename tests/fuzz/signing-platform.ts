import {
  createSimulationAnchor,
  encodePckExtension,
  encodeQeIdentity,
  encodeQuote,
  encodeQuoteSigned,
  encodeSgxReportBody,
  encodeTcbInfo,
  encodeTdReport,
  type QeIdentityText,
  type QuoteForm,
  type TcbInfoText,
} from "@carrara/attestation";
import { encodePem, fromHex, toHex, utf8 } from "@carrara/encoding";
import {
  commonName,
  type EcKey,
  type Extension,
  ecdsaFromDer,
  extension,
  generateEcKey,
  issueCertificate,
  issueCrl,
  keyIdentifier,
  randomSerial,
  type Signer,
} from "@carrara/pki";
import type { SigningPlatform } from "./world.ts";

const NOW = new Date("2026-06-01T12:00:00Z");
const DAY_MS = 24 * 60 * 60 * 1000;
const YESTERDAY = new Date(NOW.getTime() - DAY_MS);
const NEXT_WEEK = new Date(NOW.getTime() + 7 * DAY_MS);
const P256_BYTES = 32;

const NAMES = {
  root: "SIMULATION SGX Root CA",
  ca: "SIMULATION SGX PCK Platform CA",
  leaf: "SIMULATION SGX PCK Certificate",
  signer: "SIMULATION SGX TCB Signing",
} as const;
type Role = keyof typeof NAMES;
type Keys = Readonly<Record<Role, EcKey>>;

const PCK = {
  ppid: new Uint8Array(16),
  cpuSvn: fromHex("0b0b0202ff0100000000000000000000"),
  pceSvn: 13,
  pceId: new Uint8Array(2),
  fmspc: fromHex("53494d000000"),
  platformInstanceId: new Uint8Array(16),
};

/** Makes a platform whose TCB signing key signs whatever JSON it is given. */
export async function createSigningPlatform(): Promise<SigningPlatform> {
  const generate = async (): Promise<EcKey> => await generateEcKey("P-256");
  const [root, ca, leaf, signer] = [
    await generate(),
    await generate(),
    await generate(),
    await generate(),
  ];
  const keys = { root, ca, leaf, signer };
  const der = {
    root: await issue(keys, "root", "root"),
    ca: await issue(keys, "ca", "root"),
    leaf: await issue(keys, "leaf", "ca"),
    signer: await issue(keys, "signer", "root"),
  };
  const pem = (...roles: Role[]): string =>
    roles.map((role) => encodePem("CERTIFICATE", der[role])).join("");
  const texts = goodTexts();
  const signed = async (member: SignedMember, text = ""): Promise<string> =>
    await signJson(member, text, signer.signer);
  const chain = pem("leaf", "ca", "root");
  return {
    pkcs8: signer.pkcs8,
    spki: signer.spki,
    anchor: createSimulationAnchor(der.root),
    now: NOW,
    collateral: {
      tcbInfo: await signed("tcbInfo", texts.sgxTcbInfo[0]),
      tcbInfoIssuerChain: pem("signer", "root"),
      qeIdentity: await signed("enclaveIdentity", texts.qeIdentity[0]),
      qeIdentityIssuerChain: pem("signer", "root"),
      pckCrl: await crl(keys, "ca"),
      pckCrlIssuerChain: pem("ca", "root"),
      rootCaCrl: await crl(keys, "root"),
    },
    quotes: {
      sgx: quote({ version: 3, tee: "sgx" }, encodeSgxReportBody({}), chain),
      tdx: quote({ version: 4, tee: "tdx" }, encodeTdReport("1.0", {}), chain),
    },
    texts,
  };
}

/** The member of a response body that is signed. */
export type SignedMember = "tcbInfo" | "enclaveIdentity";

/** The response body with `text` as it stands, under a good signature. */
export async function signJson(
  member: SignedMember,
  text: string,
  signer: Signer,
): Promise<string> {
  const signature = ecdsaFromDer(await signer.sign(utf8(text)), P256_BYTES);
  return `{"${member}":${text},"signature":"${toHex(signature)}"}`;
}

async function issue(keys: Keys, role: Role, issuer: "root" | "ca"): Promise<Uint8Array> {
  const isCa = role === "root" || role === "ca";
  const profile: readonly Extension[] = isCa
    ? [
        extension.basicConstraints(true, role === "root" ? 1 : 0),
        extension.keyUsage("keyCertSign", "cRLSign"),
      ]
    : [extension.basicConstraints(false), extension.keyUsage("digitalSignature")];
  return await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName(NAMES[issuer]),
      subject: commonName(NAMES[role]),
      notBefore: YESTERDAY,
      notAfter: NEXT_WEEK,
      spki: keys[role].spki,
      extensions: [...profile, ...(role === "leaf" ? [encodePckExtension(PCK)] : [])],
    },
    keys[issuer].signer,
  );
}

async function crl(keys: Keys, issuer: "root" | "ca"): Promise<string> {
  const { spki, signer } = keys[issuer];
  const bytes = await issueCrl(
    {
      issuer: commonName(NAMES[issuer]),
      thisUpdate: YESTERDAY,
      nextUpdate: NEXT_WEEK,
      revoked: [{ serial: new Uint8Array([0x55]), date: NOW }],
      extensions: [
        extension.crlNumber(1n),
        extension.authorityKeyIdentifier(await keyIdentifier(spki)),
      ],
    },
    signer,
  );
  return toHex(bytes);
}

/** A quote with a chain that verifies and signatures that are nothing. */
function quote(form: QuoteForm, body: Uint8Array, pckChainPem: string): Uint8Array {
  return encodeQuote(encodeQuoteSigned(form, new Uint8Array(20), body), {
    signature: new Uint8Array(64),
    attestationKey: new Uint8Array(64),
    qeReport: encodeSgxReportBody({}),
    qeReportSignature: new Uint8Array(64),
    qeAuthData: new Uint8Array(32),
    pckChainPem,
  });
}

const MODULE = {
  mrSigner: "00".repeat(48),
  attributes: "00".repeat(8),
  attributesMask: "FF".repeat(8),
};
const LEVEL = { isvSvn: 4, date: YESTERDAY, status: "UpToDate" };
const OLD_LEVEL = {
  isvSvn: 1,
  date: YESTERDAY,
  status: "OutOfDate",
  advisoryIds: ["INTEL-SA-00001"],
};

function goodTexts(): SigningPlatform["texts"] {
  const dates = { issueDate: YESTERDAY, nextUpdate: NEXT_WEEK, evaluationDataNumber: 17 };
  const components = [...PCK.cpuSvn];
  const tcbInfo: TcbInfoText = {
    ...dates,
    fmspc: "53494D000000",
    pceId: "0000",
    levels: [
      { components, pceSvn: 13, date: YESTERDAY, status: "UpToDate" },
      { components: components.map(() => 0), pceSvn: 5, ...OLD_LEVEL },
    ],
  };
  const tdx: TcbInfoText = {
    ...tcbInfo,
    tdx: { module: MODULE, identities: [{ ...MODULE, id: "TDX_01", levels: [LEVEL, OLD_LEVEL] }] },
    levels: tcbInfo.levels.map((level) => ({ ...level, tdxComponents: components })),
  };
  const identity: QeIdentityText = {
    ...dates,
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrSigner: "51".repeat(32),
    isvProdId: 1,
    levels: [LEVEL, OLD_LEVEL],
  };
  return {
    sgxTcbInfo: [encodeTcbInfo(tcbInfo)],
    tdxTcbInfo: [encodeTcbInfo(tdx)],
    qeIdentity: [encodeQeIdentity(identity), encodeQeIdentity({ ...identity, id: "TD_QE" })],
  };
}
