import type { SnpProduct } from "@carrara/attestation";
import {
  type EcKey,
  type Extension,
  extension,
  generateEcKey,
  generateRsaKey,
  issueCertificate,
  keyIdentifier,
  type NameAttribute,
  OID,
  type RsaKey,
  randomSerial,
} from "@carrara/pki";
import {
  type CertificateBend,
  type CertificateDraft,
  SIMULATION_ORGANIZATION,
  validityAt,
} from "./platform-credentials.ts";

/** Only the marker matters: nothing is ever fetched from it. */
const CRL_URL = "http://127.0.0.1/simulation.crl";

/** An RSA key with its DER certificate. */
export interface CertifiedRsaKey {
  readonly key: RsaKey;
  readonly serial: Uint8Array;
  readonly certificate: Uint8Array;
}

/** Everything that one simulated AMD platform and its vendor sign with. Secret. */
export interface AmdCredentials {
  readonly product: SnpProduct;
  readonly ark: CertifiedRsaKey;
  /** Issues the keys of chips. */
  readonly ask: CertifiedRsaKey;
  /** Issues the keys that are lent to providers. */
  readonly asvk: CertifiedRsaKey;
  /** Keys on P-384; their certificates depend on the firmware and are made as needed. */
  readonly vcek: EcKey;
  readonly vlek: EcKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The keys alone, which may be used for other certificates of the same product. */
export type AmdKeys = Readonly<Record<"ark" | "ask" | "asvk", RsaKey>> &
  Pick<AmdCredentials, "vcek" | "vlek">;

/** How credentials are made. */
export interface AmdCredentialsOptions {
  /** 4096, as AMD's are, unless set; such keys take seconds. */
  readonly rsaBits?: number | undefined;
  /** Fresh unless set. */
  readonly keys?: AmdKeys;
  readonly bend?: CertificateBend;
}

/**
 * Name of a simulated AMD certificate. The common name cannot say what it is, since it tells the
 * product, so the organization does (attestation specification section 8.3).
 */
export function amdName(commonName: string): readonly NameAttribute[] {
  return [
    { type: OID.organizationalUnit, value: "Engineering" },
    { type: OID.organization, value: SIMULATION_ORGANIZATION },
    { type: OID.commonName, value: commonName },
  ];
}

/** Common names of the certificates above a versioned key. */
export function amdNames(product: SnpProduct): Readonly<Record<"ark" | "ask" | "asvk", string>> {
  return { ark: `ARK-${product}`, ask: `SEV-${product}`, asvk: `SEV-VLEK-${product}` };
}

/** Keys and certificates of a product, valid for 30 days from `now`. */
export async function createAmdCredentials(
  product: SnpProduct,
  now: Date,
  options: AmdCredentialsOptions = {},
): Promise<AmdCredentials> {
  const keys = options.keys ?? (await generateAmdKeys(options.rsaBits));
  const validity = validityAt(now);
  const names = amdNames(product);
  const certify = async (role: keyof typeof names): Promise<CertifiedRsaKey> => {
    const serial = randomSerial();
    const good: CertificateDraft = {
      template: {
        serial,
        issuer: amdName(names.ark),
        ...validity,
        subject: amdName(names[role]),
        spki: keys[role].spki,
        extensions: await profileOf(role, keys),
      },
      signer: keys.ark.signer,
    };
    const { template, signer } = options.bend?.(names[role], good) ?? good;
    return { key: keys[role], serial, certificate: await issueCertificate(template, signer) };
  };
  const [ark, ask, asvk] = await Promise.all([certify("ark"), certify("ask"), certify("asvk")]);
  return { product, ark, ask, asvk, vcek: keys.vcek, vlek: keys.vlek, ...validity };
}

/** Fresh keys. */
export async function generateAmdKeys(rsaBits?: number): Promise<AmdKeys> {
  const [ark, ask, asvk, vcek, vlek] = await Promise.all([
    generateRsaKey(rsaBits),
    generateRsaKey(rsaBits),
    generateRsaKey(rsaBits),
    generateEcKey("P-384"),
    generateEcKey("P-384"),
  ]);
  return { ark, ask, asvk, vcek, vlek };
}

/** Constraints and key usage by the table of specification section 1.8. */
async function profileOf(role: "ark" | "ask" | "asvk", keys: AmdKeys): Promise<Extension[]> {
  const own = extension.subjectKeyIdentifier(await keyIdentifier(keys[role].spki));
  const points = extension.crlDistributionPoint(CRL_URL);
  if (role === "ark") {
    return [
      extension.keyUsage("keyCertSign", "cRLSign"),
      own,
      extension.basicConstraints(true),
      points,
    ];
  }
  return [
    own,
    extension.authorityKeyIdentifier(await keyIdentifier(keys.ark.spki)),
    extension.basicConstraints(true, 0),
    extension.keyUsage("keyCertSign"),
    points,
  ];
}
