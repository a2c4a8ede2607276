import { join } from "node:path";
import { encodeOeQuote } from "@carrara/attestation";
import { encodeKeysStatement, type KeysStatement, keysStatementMessage } from "@carrara/ballot";
import { manifestFingerprint } from "@carrara/client";
import { encodePem, toBase64, utf8 } from "@carrara/encoding";
import {
  commonName,
  type EcKey,
  type Extension,
  extension,
  generateEcKey,
  issueCertificate,
  randomSerial,
} from "@carrara/pki";
import { createSimulatedPlatform } from "@carrara/tee";
import { FAKE_IDENTITY } from "./fake-coordinator.ts";

/** A certificate and its key. */
interface Certified {
  readonly pem: string;
  readonly key: EcKey;
}

/** A mesh with simulated evidence: what its Coordinator answers, and certificates of its CA. */
export interface BallotMesh {
  readonly manifest: string;
  /** Intermediate, then Root. */
  readonly chainPem: string;
  /** The site's certificate with the mesh CA's behind it, and its key. */
  readonly site: { readonly pem: string; readonly keyPem: string };
  /** What the Coordinator answers, as an evidence bundle has it. */
  readonly coordinator: Readonly<Record<string, object>>;
  /** A keys statement signed by a marble of this type. */
  signKeys(statement: KeysStatement, marbleType?: string): Promise<object>;
}

const MARBLE_TYPE_OID = "1.3.9903.2.1";
const MANIFEST = JSON.stringify({
  Packages: { voting: { SignerID: "11".repeat(32), ProductID: 6, SecurityVersion: 1 } },
  Marbles: { "voting-svc": { Package: "voting" } },
});

/** Creates one; the platform's files go to `dir`. */
export async function createBallotMesh(dir: string): Promise<BallotMesh> {
  const root = await issue("Root CA", undefined, [extension.basicConstraints(true)]);
  const issuer = { name: "Intermediate CA", key: await generateEcKey("P-256") };
  const ca = await issue(issuer.name, { name: "Root CA", key: root.key }, CA, issuer.key);
  const names = { dnsNames: ["localhost"], ipAddresses: [] };
  const site = await issue("localhost", issuer, [extension.subjectAlternativeName(names)]);
  return {
    manifest: MANIFEST,
    chainPem: `${ca.pem}${root.pem}`,
    site: { pem: `${site.pem}${ca.pem}`, keyPem: encodePem("PRIVATE KEY", site.key.pkcs8) },
    coordinator: await coordinatorAnswers(dir, root, ca),
    async signKeys(statement, marbleType = "voting-svc") {
      const marble = await issue("marble", issuer, [
        extension.keyUsage("digitalSignature"),
        { oid: MARBLE_TYPE_OID, critical: false, value: utf8(marbleType) },
      ]);
      const bytes = utf8(encodeKeysStatement(statement));
      const signature = await marble.key.signer.sign(keysStatementMessage(bytes));
      return {
        statement: toBase64(bytes),
        signature: toBase64(signature),
        chain: `${marble.pem}${ca.pem}`,
      };
    },
  };
}

const CA = [extension.basicConstraints(true)];

async function coordinatorAnswers(
  dir: string,
  root: Certified & { readonly der: Uint8Array },
  ca: Certified,
): Promise<Record<string, object>> {
  const node = { path: "/nowhere", bytes: 1, sha256: new Uint8Array(32) };
  const platform = await createSimulatedPlatform({ dir: join(dir, "platform"), node });
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(root.der));
  const quote = encodeOeQuote(
    await platform.teeFor(FAKE_IDENTITY).getEvidence(new Uint8Array(digest)),
  );
  const collateral = await platform.collateral();
  await platform.close();
  const manifest = utf8(MANIFEST);
  return {
    "GET /api/v2/quote": answer({ cert: `${ca.pem}${root.pem}`, quote: toBase64(quote) }),
    "GET /api/v2/collateral": answer(collateral),
    "GET /api/v2/manifest": answer({
      manifest: toBase64(manifest),
      manifestFingerprint: await manifestFingerprint(manifest),
      manifestSignatureRootECDSA: toBase64(await root.key.signer.sign(manifest)),
    }),
    "GET /api/v2/update": answer({
      updateLog: ['{"time":"2026-11-01T00:00:00.000Z","update":"initial manifest set"}'],
    }),
  };
}

function answer(data: unknown): object {
  const body = toBase64(utf8(JSON.stringify({ status: "success", data })));
  return { status: 200, contentType: "application/json", body };
}

async function issue(
  subject: string,
  issuer: { readonly name: string; readonly key: EcKey } | undefined,
  extensions: readonly Extension[],
  own?: EcKey,
): Promise<Certified & { readonly der: Uint8Array }> {
  const key = own ?? (await generateEcKey("P-256"));
  const der = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName(issuer?.name ?? subject),
      subject: commonName(subject),
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      spki: key.spki,
      extensions,
    },
    (issuer?.key ?? key).signer,
  );
  return { der, pem: encodePem("CERTIFICATE", der), key };
}
