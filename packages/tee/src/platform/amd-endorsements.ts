import { CERT_TABLE_GUID, encodeCertTable, encodeVekExtensions } from "@carrara/attestation";
import { encodePem } from "@carrara/encoding";
import {
  type CrlTemplate,
  extension,
  issueCertificate,
  issueCrl,
  keyIdentifier,
  randomSerial,
} from "@carrara/pki";
import { type AmdCredentials, amdName, amdNames, type CertifiedRsaKey } from "./amd-credentials.ts";
import type { CertificateBend, CertificateDraft } from "./platform-credentials.ts";
import { type PlatformScenario, windowOf } from "./scenario.ts";
import { chipId, SNP_MACHINES, snpTcb } from "./snp-machine.ts";

const CRL_NUMBER = 1n;
const CSP_ID = "CN=simulation.invalid";

/** Endorsements of an AMD platform, all parts of them. */
export interface AmdEndorsementParts {
  /** DER of the VCEK or VLEK. */
  readonly vek: Uint8Array;
  /** PEM of ASK or ASVK, then ARK. */
  readonly chain: string;
  /** DER of the ARK's revocation list. */
  readonly crl: Uint8Array;
}

/** The certificate table that a host hands to its guests. */
export function certTableFor(
  credentials: AmdCredentials,
  { snpKey }: PlatformScenario,
  vek: Uint8Array,
): Uint8Array {
  return encodeCertTable([
    { guid: snpKey === "VCEK" ? CERT_TABLE_GUID.vcek : CERT_TABLE_GUID.vlek, data: vek },
    { guid: CERT_TABLE_GUID.ask, data: issuerOf(credentials, snpKey).certificate },
    { guid: CERT_TABLE_GUID.ark, data: credentials.ark.certificate },
  ]);
}

function issuerOf(credentials: AmdCredentials, key: "VCEK" | "VLEK"): CertifiedRsaKey {
  return key === "VCEK" ? credentials.ask : credentials.asvk;
}

/** PEM of what issued the key of this kind, then the ARK. */
export function amdChainPem(credentials: AmdCredentials, key: "VCEK" | "VLEK"): string {
  return [issuerOf(credentials, key), credentials.ark]
    .map(({ certificate }) => encodePem("CERTIFICATE", certificate))
    .join("");
}

/** DER of the certificate of a versioned key for the machine's firmware (section 1.8). */
export async function issueVek(
  credentials: AmdCredentials,
  scenario: PlatformScenario,
  bend?: CertificateBend,
): Promise<Uint8Array> {
  const { product, notBefore, notAfter } = credentials;
  const { snpKey } = scenario;
  const owner = snpKey === "VCEK" ? { hwId: chipId(product) } : { cspId: CSP_ID };
  const role = `SEV-${snpKey}`;
  const good: CertificateDraft = {
    template: {
      serial: randomSerial(),
      issuer: amdName(amdNames(product)[snpKey === "VCEK" ? "ask" : "asvk"]),
      subject: amdName(role),
      notBefore,
      notAfter,
      spki: (snpKey === "VCEK" ? credentials.vcek : credentials.vlek).spki,
      extensions: encodeVekExtensions({
        productName: SNP_MACHINES[product].name,
        tcb: snpTcb(scenario),
        ...owner,
      }),
    },
    signer: issuerOf(credentials, snpKey).key.signer,
  };
  const { template, signer } = bend?.(role, good) ?? good;
  return await issueCertificate(template, signer);
}

/** DER of the ARK's revocation list, which names ASKs and ASVKs. */
export async function issueAmdCrl(
  { product, ark, ask, asvk }: AmdCredentials,
  scenario: PlatformScenario,
  now: Date,
  bend: (good: CrlTemplate) => CrlTemplate = (good) => good,
  signer: CertifiedRsaKey = ark,
): Promise<Uint8Array> {
  const { issueDate, nextUpdate } = windowOf(scenario, "amdCrl", now);
  const revoked = [
    ...(scenario.revoked.includes("ask") ? [ask] : []),
    ...(scenario.revoked.includes("asvk") ? [asvk] : []),
  ];
  const template = bend({
    issuer: amdName(amdNames(product).ark),
    thisUpdate: issueDate,
    nextUpdate,
    revoked: revoked.map(({ serial }) => ({ serial, date: issueDate })),
    extensions: [
      extension.crlNumber(CRL_NUMBER),
      extension.authorityKeyIdentifier(await keyIdentifier(ark.key.spki)),
    ],
  });
  return await issueCrl(template, signer.key.signer);
}
