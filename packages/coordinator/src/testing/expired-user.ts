import { generateKeyPairSync } from "node:crypto";
import { encodePem } from "@carrara/encoding";
import { commonName, issueCertificate, randomSerial } from "@carrara/pki";
import { p384Signer, pkcs8Of, spkiOf } from "../core/elliptic-key.ts";
import type { TestUser } from "./test-user.ts";

/** Makes a user whose self-signed certificate ended long ago. */
export async function createExpiredUser(): Promise<TestUser> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const name = commonName("expired");
  const certificate = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: name,
      subject: name,
      notBefore: new Date("2020-01-01T00:00:00Z"),
      notAfter: new Date("2021-01-01T00:00:00Z"),
      spki: spkiOf(privateKey),
      extensions: [],
    },
    p384Signer(privateKey),
  );
  const pkcs8 = pkcs8Of(privateKey);
  return { certificate, pkcs8, pem: encodePem("CERTIFICATE", certificate) };
}
