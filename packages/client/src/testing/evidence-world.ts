import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  encodeKeysStatement,
  encodeTally,
  type KeysStatement,
  keysStatementMessage,
  logKeyOf,
} from "@carrara/ballot";
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
import { encodeCheckpoint, encodeNote, signNote, type VerifierKey } from "@carrara/transparency";
import { manifestFingerprint } from "../coordinator-client.ts";
import { success } from "./fake-server.ts";

/** A moment at which everything of a test's world is valid. */
export const WORLD_TIME: Date = new Date("2026-12-01T12:00:00Z");

const ROOT = "MarbleRun Coordinator";
const INTERMEDIATE = "MarbleRun Coordinator - Intermediate CA";
const MARBLE_TYPE_OID = "1.3.9903.2.1";
const POLL = "emojivoto";

/** A certificate and its key. */
interface Certified {
  readonly pem: string;
  readonly key: EcKey;
}

/** The members of an evidence bundle as JSON has them; tests change what they want to be wrong. */
export interface WorldBundle {
  type: string;
  coordinator: Record<string, { status: number; contentType: string; body: string }>;
  ballotKeys: { statement: string; signature: string; chain: string }[];
  site: { chain: string };
  checkpoint: string | null;
  tally: string | null;
}

/** A mesh without evidence: a Coordinator's certificates, a voting service, a site, and their keys. */
export interface EvidenceWorld {
  readonly manifest: string;
  readonly logKey: VerifierKey;
  /** All that the mesh tells, as a fresh object. */
  bundle(): Promise<WorldBundle>;
  /** A statement signed by the voting service, or by a marble of another type. */
  signedKeys(
    parts?: Partial<KeysStatement>,
    marbleType?: string,
  ): Promise<WorldBundle["ballotKeys"][number]>;
  /** A site's chain under a new intermediate of the same Root. */
  renewedSiteChain(): Promise<string>;
  signNote(text: string): string;
}

/** Creates one, with keys of its own. */
export async function createEvidenceWorld(): Promise<EvidenceWorld> {
  const root = await issue(ROOT, undefined, [extension.basicConstraints(true)]);
  const mesh = await issue(INTERMEDIATE, { name: ROOT, key: root.key }, [
    extension.basicConstraints(true),
  ]);
  const issuer = { name: INTERMEDIATE, key: mesh.key };
  const log = generateKeyPairSync("ed25519");
  const publicKey = new Uint8Array(
    Buffer.from(log.publicKey.export({ format: "jwk" }).x ?? "", "base64url"),
  );
  const logKey = logKeyOf(POLL, publicKey);
  const note = (text: string): string => signedNote(text, logKey, log.privateKey);
  const manifest = JSON.stringify({
    Packages: { voting: { SignerID: "11".repeat(32), ProductID: 6, SecurityVersion: 1 } },
    Marbles: { "voting-svc": { Package: "voting" } },
  });
  const hpkeKey = new Uint8Array(32).fill(7);
  const rules = {
    opens: undefined,
    closes: undefined,
    revote: "unlimited",
    interimResults: "shown",
  } as const;

  const world: EvidenceWorld = {
    manifest,
    logKey,
    signNote: note,
    async signedKeys(parts = {}, marbleType = "voting-svc") {
      const marble = await issue("marble", issuer, [
        extension.keyUsage("digitalSignature"),
        { oid: MARBLE_TYPE_OID, critical: false, value: utf8(marbleType) },
      ]);
      const statement = utf8(
        encodeKeysStatement({
          poll: POLL,
          hpkeKeys: [hpkeKey],
          logKey,
          rules,
          witnesses: [],
          ...parts,
        }),
      );
      const signature = await marble.key.signer.sign(keysStatementMessage(statement));
      return {
        statement: toBase64(statement),
        signature: toBase64(signature),
        chain: `${marble.pem}${mesh.pem}`,
      };
    },
    async renewedSiteChain() {
      const next = await issue(INTERMEDIATE, { name: ROOT, key: root.key }, [
        extension.basicConstraints(true),
      ]);
      return await siteChain({ name: INTERMEDIATE, key: next.key }, next.pem);
    },
    async bundle() {
      const signature = rootSignature(root.key, utf8(manifest));
      const size = 3;
      const tree = { origin: logKey.name, size, root: new Uint8Array(32).fill(9) };
      const tally = { ...tree, counted: 2, superseded: 1, votes: [{ choice: 2, votes: 2 }] };
      return {
        type: "carrara.evidence.v1",
        coordinator: {
          "GET /api/v2/quote": answer({ cert: `${mesh.pem}${root.pem}`, quote: null }),
          "GET /api/v2/manifest": answer({
            manifest: toBase64(utf8(manifest)),
            manifestFingerprint: await manifestFingerprint(utf8(manifest)),
            manifestSignatureRootECDSA: toBase64(await signature),
          }),
          "GET /api/v2/update": answer({
            updateLog: ['{"time":"2026-11-01T00:00:00.000Z","update":"initial manifest set"}'],
          }),
        },
        ballotKeys: [await world.signedKeys()],
        site: { chain: await siteChain(issuer, mesh.pem) },
        checkpoint: note(encodeCheckpoint(tree)),
        tally: note(encodeTally(tally)),
      };
    },
  };
  return world;
}

function answer(data: unknown): WorldBundle["coordinator"][string] {
  const { status, body } = success(data);
  return { status, contentType: "application/json", body: toBase64(utf8(body)) };
}

async function siteChain(issuer: Issuer, issuerPem: string): Promise<string> {
  const names = { dnsNames: ["localhost"], ipAddresses: [] };
  const site = await issue("localhost", issuer, [extension.subjectAlternativeName(names)]);
  return `${site.pem}${issuerPem}`;
}

interface Issuer {
  readonly name: string;
  readonly key: EcKey;
}

async function issue(
  subject: string,
  issuer: Issuer | undefined,
  extensions: readonly Extension[],
): Promise<Certified> {
  const key = await generateEcKey("P-256");
  const der = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: commonName(issuer?.name ?? subject),
      subject: commonName(subject),
      notBefore: new Date("2026-01-01T00:00:00Z"),
      notAfter: new Date("2027-01-01T00:00:00Z"),
      spki: key.spki,
      extensions,
    },
    (issuer?.key ?? key).signer,
  );
  return { pem: encodePem("CERTIFICATE", der), key };
}

/** The signer of the root key hashes with SHA-256, as the curve has it. */
async function rootSignature({ signer }: EcKey, manifest: Uint8Array): Promise<Uint8Array> {
  return await signer.sign(manifest);
}

function signedNote(text: string, key: VerifierKey, privateKey: KeyObject): string {
  const signature = signNote(
    text,
    key,
    (message) => new Uint8Array(sign(null, message, privateKey)),
  );
  return encodeNote({ text, signatures: [signature] });
}
