import { encodePem } from "@carrara/encoding";
import type { TlsConfigEntry } from "@carrara/manifest";
import {
  commonName,
  extension,
  generateEcKey,
  issueCertificate,
  OID,
  parseIpAddress,
  randomSerial,
} from "@carrara/pki";

/** Certificate and key of a marble, as PEM. */
interface TestLeaf {
  readonly cert: string;
  readonly key: string;
}

/** A marble root that issues certificates as a Coordinator does. */
export interface TestMesh {
  /** PEM of the marble root. */
  readonly caCert: string;
  issue(names: readonly string[], validForMs?: number): Promise<TestLeaf>;
  /** An entry of a TLS configuration with a fresh certificate for `names`. */
  entry(
    names: readonly string[],
    options?: { readonly clientAuth?: boolean; readonly validForMs?: number },
  ): Promise<TlsConfigEntry>;
}

const HOUR_MS = 3_600_000;

/** Makes a mesh with a root of its own; certificates of one mesh are foreign in every other. */
export async function createTestMesh(): Promise<TestMesh> {
  const root = await generateEcKey("P-384");
  const issuer = commonName("MarbleRun Coordinator - Intermediate CA");
  const certificate = async (
    subject: string,
    spki: Uint8Array,
    notAfter: number,
    extensions: Parameters<typeof issueCertificate>[0]["extensions"],
  ): Promise<string> => {
    const der = await issueCertificate(
      {
        serial: randomSerial(),
        issuer,
        subject: commonName(subject),
        notBefore: new Date(Date.now() - 24 * HOUR_MS),
        notAfter: new Date(notAfter),
        spki,
        extensions,
      },
      root.signer,
    );
    return encodePem("CERTIFICATE", der);
  };
  const issue: TestMesh["issue"] = async (names, validForMs = HOUR_MS) => {
    const key = await generateEcKey("P-384");
    const isAddress = (name: string): boolean => parseIpAddress(name) !== undefined;
    const cert = await certificate("marble", key.spki, Date.now() + validForMs, [
      extension.keyUsage("digitalSignature", "keyAgreement"),
      extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth),
      extension.basicConstraints(false),
      extension.subjectAlternativeName({
        dnsNames: names.filter((name) => !isAddress(name)),
        ipAddresses: names.filter(isAddress),
      }),
    ]);
    return { cert, key: encodePem("PRIVATE KEY", key.pkcs8) };
  };
  const caCert = await certificate(
    "MarbleRun Coordinator - Intermediate CA",
    root.spki,
    Date.now() + HOUR_MS,
    [extension.keyUsage("digitalSignature", "keyCertSign"), extension.basicConstraints(true)],
  );
  return {
    caCert,
    issue,
    entry: async (names, { clientAuth, validForMs } = {}) => ({
      caCert,
      ...(await issue(names, validForMs)),
      clientAuth,
    }),
  };
}
