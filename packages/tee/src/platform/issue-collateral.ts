import {
  type DcapCollateral,
  encodeQeIdentity,
  encodeTcbInfo,
  type TcbInfoText,
} from "@carrara/attestation";
import { toHex, utf8 } from "@carrara/encoding";
import { extension, issueCrl, keyIdentifier } from "@carrara/pki";
import {
  type CertifiedKey,
  chainPem,
  PLATFORM,
  type PlatformCredentials,
  simulationName,
} from "./platform-credentials.ts";
import { privateKey, QUOTING_ENCLAVE, signP256 } from "./quoting.ts";
import type { PlatformScenario, RevocableCertificate } from "./scenario.ts";

const VALID_FOR_MS = 7 * 86_400_000;
const CRL_NUMBER = 1n;
/** INIT and PROVISION_KEY; the mask leaves MODE64BIT and XFRM open, as Intel's does. */
const QE_ATTRIBUTES = "11000000000000000000000000000000";
const QE_ATTRIBUTES_MASK = "FBFFFFFFFFFFFFFF0000000000000000";
/** A level below the platform's, so that there is always one to fall to. */
const OLD_LEVEL_DATE = new Date("2020-01-01T00:00:00Z");

interface Window {
  readonly issueDate: Date;
  readonly nextUpdate: Date;
}

/** TCB info, QE identity and CRLs for the platform as the scenario has it (section 8.5). */
export async function issueCollateral(
  credentials: PlatformCredentials,
  scenario: PlatformScenario,
  now: Date,
): Promise<DcapCollateral> {
  const { root, platformCa, tcbSigning } = credentials;
  const issueDate = new Date(Math.floor((scenario.issuedAt ?? now).getTime() / 1000) * 1000);
  const window = { issueDate, nextUpdate: new Date(issueDate.getTime() + VALID_FOR_MS) };
  const revokes = (name: RevocableCertificate, { serial }: CertifiedKey): Uint8Array[] =>
    scenario.revoked.includes(name) ? [serial] : [];
  const signerChain = chainPem(tcbSigning, root);
  const [rootCaCrl, pckCrl] = await Promise.all([
    issue(root, "Root CA", window, [
      ...revokes("platform-ca", platformCa),
      ...revokes("tcb-signing", tcbSigning),
    ]),
    issue(platformCa, "PCK Platform CA", window, revokes("pck", credentials.pck)),
  ]);
  return {
    tcbInfo: signedJson(credentials, "tcbInfo", tcbInfoText(scenario, window)),
    tcbInfoIssuerChain: signerChain,
    qeIdentity: signedJson(
      credentials,
      "enclaveIdentity",
      identityText(credentials, scenario, window),
    ),
    qeIdentityIssuerChain: signerChain,
    pckCrl,
    pckCrlIssuerChain: chainPem(platformCa, root),
    rootCaCrl,
  };
}

/** A response body: the member, compact, and its signature over exactly these bytes. */
function signedJson({ tcbSigning }: PlatformCredentials, member: string, text: string): string {
  const signature = signP256(privateKey(tcbSigning.key.pkcs8), utf8(text));
  return `{"${member}":${text},"signature":"${toHex(signature)}"}`;
}

function tcbInfoText(scenario: PlatformScenario, window: Window): string {
  const level: TcbInfoText["levels"][number] = {
    components: [...PLATFORM.cpuSvn],
    pceSvn: PLATFORM.pceSvn,
    date: scenario.tcbDate,
    status: scenario.tcbStatus,
    ...(scenario.advisoryIds.length > 0 ? { advisoryIds: scenario.advisoryIds } : {}),
  };
  const oldest = { ...level, components: level.components.map(() => 0), pceSvn: 0 };
  return encodeTcbInfo({
    ...window,
    fmspc: toHex(PLATFORM.fmspc).toUpperCase(),
    pceId: toHex(PLATFORM.pceId),
    evaluationDataNumber: scenario.tcbEvaluationDataNumber,
    levels: [level, { ...oldest, date: OLD_LEVEL_DATE, status: "OutOfDate" }],
  });
}

function identityText(
  { qeMrSigner }: PlatformCredentials,
  scenario: PlatformScenario,
  window: Window,
): string {
  const { isvProdId, isvSvn } = QUOTING_ENCLAVE;
  return encodeQeIdentity({
    ...window,
    evaluationDataNumber: scenario.tcbEvaluationDataNumber,
    attributes: QE_ATTRIBUTES,
    attributesMask: QE_ATTRIBUTES_MASK,
    mrSigner: toHex(qeMrSigner).toUpperCase(),
    isvProdId,
    levels: [
      { isvSvn, date: scenario.tcbDate, status: scenario.qeStatus },
      { isvSvn: 1, date: OLD_LEVEL_DATE, status: "OutOfDate" },
    ],
  });
}

/** A CRL in hex of its DER. */
async function issue(
  { key }: CertifiedKey,
  role: string,
  { issueDate, nextUpdate }: Window,
  serials: readonly Uint8Array[],
): Promise<string> {
  const crl = await issueCrl(
    {
      issuer: simulationName(role),
      thisUpdate: issueDate,
      nextUpdate,
      revoked: serials.map((serial) => ({ serial, date: issueDate })),
      extensions: [
        extension.crlNumber(CRL_NUMBER),
        extension.authorityKeyIdentifier(await keyIdentifier(key.spki)),
      ],
    },
    key.signer,
  );
  return toHex(crl);
}
