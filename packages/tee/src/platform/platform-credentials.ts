import { encodePckExtension, type PckExtensionFields } from "@carrara/attestation";
import { encodePem, utf8 } from "@carrara/encoding";
import {
  type CertificateTemplate,
  type EcKey,
  type Extension,
  extension,
  generateEcKey,
  issueCertificate,
  keyIdentifier,
  type NameAttribute,
  OID,
  randomSerial,
  type Signer,
} from "@carrara/pki";

const DAY_MS = 86_400_000;
/** Longest life of simulated certificates (attestation specification section 8.2). */
const VALID_FOR_DAYS = 30;
/** Certificates start an hour early, for clocks that are behind. */
const CLOCK_SKEW_MS = 3_600_000;
/** Only the marker matters: nothing is ever fetched from it. */
const CRL_URL = "http://127.0.0.1/simulation.crl";

/** Fixed facts of the simulated platform family (section 8.3). */
export const PLATFORM: Pick<PckExtensionFields, "fmspc" | "pceId" | "cpuSvn" | "pceSvn"> = {
  fmspc: new Uint8Array([0x53, 0x49, 0x4d, 0, 0, 0]),
  pceId: new Uint8Array(2),
  cpuSvn: new Uint8Array([6, 6, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]),
  pceSvn: 13,
};

/** A key with its DER certificate. */
export interface CertifiedKey {
  readonly key: EcKey;
  readonly serial: Uint8Array;
  readonly certificate: Uint8Array;
}

/** Everything that one simulated platform and its vendor sign with. Secret. */
export interface PlatformCredentials {
  readonly root: CertifiedKey;
  readonly platformCa: CertifiedKey;
  readonly pck: CertifiedKey;
  readonly tcbSigning: CertifiedKey;
  readonly attestationKey: EcKey;
  readonly qeAuthData: Uint8Array;
  /** MRSIGNER of the quoting enclave. */
  readonly qeMrSigner: Uint8Array;
  readonly notAfter: Date;
}

/** In the names of all simulated certificates. */
export const SIMULATION_ORGANIZATION = "Simulation - NOT HARDWARE";

/** Distinguished name of a simulated certificate: no reader can take it for the vendor's. */
export function simulationName(role: string): readonly NameAttribute[] {
  return [
    { type: OID.commonName, value: `SIMULATION SGX ${role}` },
    { type: OID.organization, value: SIMULATION_ORGANIZATION },
  ];
}

/** A certificate before it is signed, and the key that signs it. */
export interface CertificateDraft {
  readonly template: CertificateTemplate;
  readonly signer: Signer;
}

/** Makes another certificate than a good one, for evidence that must be refused. */
export type CertificateBend = (role: string, good: CertificateDraft) => CertificateDraft;

/** When simulated certificates of `now` are valid: 30 days, an hour of them past. */
export function validityAt(now: Date): Pick<CertificateTemplate, "notBefore" | "notAfter"> {
  const notBefore = new Date(now.getTime() - CLOCK_SKEW_MS);
  return { notBefore, notAfter: new Date(notBefore.getTime() + VALID_FOR_DAYS * DAY_MS) };
}

/** Fresh keys and certificates, valid for 30 days from `now`. */
export async function createPlatformCredentials(
  now: Date,
  bend?: CertificateBend,
): Promise<PlatformCredentials> {
  const validity = validityAt(now);
  const certify = async (order: Omit<CertificateOrder, "validity">): Promise<CertifiedKey> =>
    await certifyKey({ ...order, validity }, bend);
  const root = await certify({ role: "Root CA", ca: { pathLength: 1 } });
  const [platformCa, tcbSigning, attestationKey, qeKey] = await Promise.all([
    certify({
      role: "PCK Platform CA",
      ca: { pathLength: 0 },
      issuer: root,
      of: "Root CA",
    }),
    certify({ role: "TCB Signing", issuer: root, of: "Root CA" }),
    generateEcKey("P-256"),
    generateEcKey("P-256"),
  ]);
  const pck = await certify({
    role: "PCK Certificate",
    issuer: platformCa,
    of: "PCK Platform CA",
    more: [pckExtension()],
  });
  return {
    root,
    platformCa,
    pck,
    tcbSigning,
    attestationKey,
    qeAuthData: crypto.getRandomValues(new Uint8Array(32)),
    qeMrSigner: new Uint8Array(await crypto.subtle.digest("SHA-256", qeKey.spki)),
    notAfter: validity.notAfter,
  };
}

/** PEM of the PCK chain, leaf first, as a quote carries it. */
export function pckChainPem({ pck, platformCa, root }: PlatformCredentials): string {
  return chainPem(pck, platformCa, root);
}

/** PEM of certificates in the order given. */
export function chainPem(...keys: readonly CertifiedKey[]): string {
  return keys.map(({ certificate }) => encodePem("CERTIFICATE", certificate)).join("");
}

interface CertificateOrder {
  readonly role: string;
  readonly validity: Pick<CertificateTemplate, "notBefore" | "notAfter">;
  readonly ca?: { readonly pathLength: number };
  /** Self-signed when left out. */
  readonly issuer?: CertifiedKey;
  readonly of?: string;
  readonly more?: readonly Extension[];
}

async function certifyKey(order: CertificateOrder, bend?: CertificateBend): Promise<CertifiedKey> {
  const { role, validity, ca, issuer, of = role, more = [] } = order;
  const key = await generateEcKey("P-256");
  const issuerKey = issuer?.key ?? key;
  const serial = randomSerial();
  const extensions = [
    extension.authorityKeyIdentifier(await keyIdentifier(issuerKey.spki)),
    extension.crlDistributionPoint(CRL_URL),
    extension.subjectKeyIdentifier(await keyIdentifier(key.spki)),
    ca === undefined
      ? extension.keyUsage("digitalSignature", "nonRepudiation")
      : extension.keyUsage("keyCertSign", "cRLSign"),
    extension.basicConstraints(ca !== undefined, ca?.pathLength),
    ...more,
  ];
  const good: CertificateDraft = {
    template: {
      serial,
      issuer: simulationName(of),
      ...validity,
      subject: simulationName(role),
      spki: key.spki,
      extensions,
    },
    signer: issuerKey.signer,
  };
  const { template, signer } = bend?.(role, good) ?? good;
  const certificate = await issueCertificate(template, signer);
  return { key, serial, certificate };
}

function pckExtension(): Extension {
  const ppid = new Uint8Array(16);
  ppid.set(utf8("SIMULATED-PPID"));
  return encodePckExtension({
    ...PLATFORM,
    ppid,
    platformInstanceId: crypto.getRandomValues(new Uint8Array(16)),
  });
}
