import { encodePem, toBase64, utf8 } from "@carrara/encoding";
import {
  type Curve,
  commonName,
  type EcKey,
  extension,
  generateEcKey,
  issueCertificate,
  OID,
  randomSerial,
} from "@carrara/pki";
import { keysStatementMessage } from "../keys-statement.ts";
import type { SignedKeys } from "../signed-keys.ts";

const MARBLE_TYPE_OID = "1.3.9903.2.1";
const CA_NAME = "Mesh CA";

/** How a marble's certificate differs from the Coordinator's usual one. */
export interface MarbleOptions {
  readonly curve?: Curve;
  readonly marbleType?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly ca?: boolean;
  readonly forSignatures?: boolean;
  readonly issuerName?: string;
}

/** A mesh CA that issues marbles' certificates as the Coordinator does. */
export interface TestMesh {
  readonly intermediatePem: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** A statement signed by a new marble. */
  sign(statement: string | Uint8Array, options?: MarbleOptions): Promise<SignedKeys>;
}

/** A mesh with a new CA. */
export async function createTestMesh(): Promise<TestMesh> {
  const key = await generateEcKey("P-384");
  const validity = {
    notBefore: new Date("2026-01-01T00:00:00Z"),
    notAfter: new Date("2027-01-01T00:00:00Z"),
  };
  const name = commonName(CA_NAME);
  const extensions = [extension.basicConstraints(true), extension.keyUsage("keyCertSign")];
  const names = { serial: randomSerial(), issuer: name, subject: name };
  const certificate = await issueCertificate(
    { ...names, ...validity, spki: key.spki, extensions },
    key.signer,
  );
  const intermediatePem = encodePem("CERTIFICATE", certificate);
  return {
    intermediatePem,
    ...validity,
    async sign(statement, options = {}) {
      const bytes = typeof statement === "string" ? utf8(statement) : statement;
      const marble = await generateEcKey(options.curve ?? "P-384");
      const leaf = await issueMarble(key, marble, { ...validity, ...options });
      return {
        statement: toBase64(bytes),
        signature: toBase64(await marble.signer.sign(keysStatementMessage(bytes))),
        chain: encodePem("CERTIFICATE", leaf) + intermediatePem,
      };
    },
  };
}

async function issueMarble(
  issuer: EcKey,
  { spki }: EcKey,
  options: MarbleOptions & { readonly notBefore: Date; readonly notAfter: Date },
): Promise<Uint8Array> {
  const { notBefore, notAfter, marbleType = "voting-svc", ca = false } = options;
  const usage = (options.forSignatures ?? true) ? "digitalSignature" : "keyAgreement";
  const template = {
    serial: randomSerial(),
    issuer: commonName(options.issuerName ?? CA_NAME),
    subject: commonName("b1b1b1b1-0000-4000-8000-000000000000"),
    notBefore,
    notAfter,
    spki,
    extensions: [
      extension.keyUsage(usage),
      extension.extendedKeyUsage(OID.serverAuth, OID.clientAuth),
      extension.basicConstraints(ca),
      { oid: MARBLE_TYPE_OID, critical: false, value: utf8(marbleType) },
    ],
  };
  return await issueCertificate(template, issuer.signer);
}
