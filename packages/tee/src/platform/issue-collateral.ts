import {
  type DcapCollateral,
  encodeQeIdentity,
  encodeTcbInfo,
  type QeIdentityText,
  type TcbInfoText,
} from "@carrara/attestation";
import { toHex, utf8 } from "@carrara/encoding";
import { type CrlTemplate, type EcKey, extension, issueCrl, keyIdentifier } from "@carrara/pki";
import { qeIdentityText, tcbInfoText } from "./endorsement-text.ts";
import {
  type CertifiedKey,
  chainPem,
  type PlatformCredentials,
  simulationName,
} from "./platform-credentials.ts";
import { privateKey, type QuotingTee, signP256 } from "./quoting-enclave.ts";
import {
  type DatedPart,
  type PlatformScenario,
  type RevocableCertificate,
  windowOf,
} from "./scenario.ts";

const CRL_NUMBER = 1n;

/** What a vendor signs of Intel's kind, beside certificates. */
type SignedMember = "tcbInfo" | "enclaveIdentity" | "tcbEvaluationDataNumbers";

/** Ways to make collateral that must be refused; each gets the good value and gives another. */
export interface CollateralBend {
  readonly tcbInfo?: (good: TcbInfoText) => TcbInfoText;
  readonly qeIdentity?: (good: QeIdentityText) => QeIdentityText;
  /** Changes JSON text before it is signed. */
  readonly text?: (member: SignedMember, good: string) => string;
  readonly crl?: (part: "rootCrl" | "pckCrl", good: CrlTemplate) => CrlTemplate;
  /** The key that signs in place of the one that ought to. */
  readonly signer?: (what: SignedMember | DatedPart) => EcKey | undefined;
}

/** The revocation lists of a vendor, in hex of their DER; SGX and TDX share them. */
export type RevocationLists = Pick<DcapCollateral, "rootCaCrl" | "pckCrl">;

/** Root CRL and PCK CRL for the platform as the scenario has it. */
export async function issueRevocationLists(
  credentials: PlatformCredentials,
  scenario: PlatformScenario,
  now: Date,
  bend: CollateralBend = {},
): Promise<RevocationLists> {
  const { root, platformCa, tcbSigning, pck } = credentials;
  const revokes = (name: RevocableCertificate, { serial }: CertifiedKey): Uint8Array[] =>
    scenario.revoked.includes(name) ? [serial] : [];
  const order = { scenario, now, bend };
  const [rootCaCrl, pckCrl] = await Promise.all([
    issueCrlOf(root, "Root CA", "rootCrl", order, [
      ...revokes("platform-ca", platformCa),
      ...revokes("tcb-signing", tcbSigning),
    ]),
    issueCrlOf(platformCa, "PCK Platform CA", "pckCrl", order, revokes("pck", pck)),
  ]);
  return { rootCaCrl, pckCrl };
}

/** All collateral for the platform as the scenario has it (section 8.5). */
export function issueCollateral(
  credentials: PlatformCredentials,
  scenario: PlatformScenario,
  tee: QuotingTee,
  lists: RevocationLists,
  now: Date,
  bend: CollateralBend = {},
): DcapCollateral {
  const { root, platformCa, tcbSigning } = credentials;
  const tcbInfo = tcbInfoText(scenario, tee, windowOf(scenario, "tcbInfo", now));
  const qeWindow = windowOf(scenario, "qeIdentity", now);
  const qeIdentity = qeIdentityText(credentials, scenario, tee, qeWindow);
  const signerChain = chainPem(tcbSigning, root);
  const sign = (member: SignedMember, text: string): string =>
    signJson(credentials, member, text, bend);
  return {
    tcbInfo: sign("tcbInfo", encodeTcbInfo(bend.tcbInfo?.(tcbInfo) ?? tcbInfo)),
    tcbInfoIssuerChain: signerChain,
    qeIdentity: sign(
      "enclaveIdentity",
      encodeQeIdentity(bend.qeIdentity?.(qeIdentity) ?? qeIdentity),
    ),
    qeIdentityIssuerChain: signerChain,
    pckCrlIssuerChain: chainPem(platformCa, root),
    ...lists,
  };
}

/** Which evaluation numbers the vendor serves: a signed response body. */
export function issueEvaluationNumbers(
  credentials: PlatformCredentials,
  scenario: PlatformScenario,
  tee: QuotingTee,
  now: Date,
): string {
  const { issueDate, nextUpdate } = windowOf(scenario, "tcbInfo", now);
  const date = seconds(scenario.tcbDate);
  const text = JSON.stringify({
    id: tee.toUpperCase(),
    version: 1,
    issueDate: seconds(issueDate),
    nextUpdate: seconds(nextUpdate),
    tcbEvalNumbers: [
      {
        tcbEvaluationDataNumber: scenario.tcbEvaluationDataNumber,
        tcbRecoveryEventDate: date,
        tcbDate: date,
      },
    ],
  });
  return signJson(credentials, "tcbEvaluationDataNumbers", text, {});
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** A response body: the member, compact, and its signature over exactly these bytes. */
function signJson(
  { tcbSigning }: PlatformCredentials,
  member: SignedMember,
  good: string,
  { text: change, signer }: CollateralBend,
): string {
  const text = change?.(member, good) ?? good;
  const { pkcs8 } = signer?.(member) ?? tcbSigning.key;
  return `{"${member}":${text},"signature":"${toHex(signP256(privateKey(pkcs8), utf8(text)))}"}`;
}

/** A CRL in hex of its DER. */
async function issueCrlOf(
  { key }: CertifiedKey,
  role: string,
  part: "rootCrl" | "pckCrl",
  order: { scenario: PlatformScenario; now: Date; bend: CollateralBend },
  serials: readonly Uint8Array[],
): Promise<string> {
  const { scenario, now, bend } = order;
  const { issueDate, nextUpdate } = windowOf(scenario, part, now);
  const good: CrlTemplate = {
    issuer: simulationName(role),
    thisUpdate: issueDate,
    nextUpdate,
    revoked: serials.map((serial) => ({ serial, date: issueDate })),
    extensions: [
      extension.crlNumber(CRL_NUMBER),
      extension.authorityKeyIdentifier(await keyIdentifier(key.spki)),
    ],
  };
  const { signer } = bend.signer?.(part) ?? key;
  return toHex(await issueCrl(bend.crl?.(part, good) ?? good, signer));
}
