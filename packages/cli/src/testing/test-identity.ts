import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePem } from "@carrara/encoding";
import { commonName, generateEcKey, issueCertificate, randomSerial } from "@carrara/pki";

/** A user's certificate and key as files. */
export interface TestIdentity {
  readonly der: Uint8Array;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** `--cert` and `--key` for the files. */
  readonly args: readonly string[];
}

/** Writes `NAME.pem` and `NAME-key.pem` into `dir`. */
export async function createTestIdentity(dir: string, name: string): Promise<TestIdentity> {
  const key = await generateEcKey("P-256");
  const subject = commonName(name);
  const der = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: subject,
      subject,
      notBefore: new Date(0),
      notAfter: new Date(4e12),
      spki: key.spki,
      extensions: [],
    },
    key.signer,
  );
  const certificatePem = encodePem("CERTIFICATE", der);
  const privateKeyPem = encodePem("PRIVATE KEY", key.pkcs8);
  await writeFile(join(dir, `${name}.pem`), certificatePem);
  await writeFile(join(dir, `${name}-key.pem`), privateKeyPem);
  const args = ["--cert", `${name}.pem`, "--key", `${name}-key.pem`];
  return { der, certificatePem, privateKeyPem, args };
}
