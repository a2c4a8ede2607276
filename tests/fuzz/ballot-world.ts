import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import {
  commitmentOf,
  createBallot,
  createReceipt,
  encodeAnswer,
  encodeAuditFile,
  encodeBallot,
  encodeKeysStatement,
  encodeOpening,
  encodeReceipt,
  encodeSignedKeysList,
  encodeTally,
  entryOf,
  keysStatementMessage,
  logKeyOf,
  outcome,
  type SignedKeys,
} from "@carrara/ballot";
import { concatBytes, encodePem, fromHex, toBase64, utf8 } from "@carrara/encoding";
import { commonName, extension, generateEcKey, issueCertificate, randomSerial } from "@carrara/pki";
import {
  cosignCheckpoint,
  createCompactTree,
  createTreeHasher,
  createVerifierKey,
  type Ed25519Sign,
  encodeCheckpoint,
  encodeNote,
  encodeVerifierKey,
  type NoteSignature,
  signNote,
  tilePath,
} from "@carrara/transparency";
import type { BallotCase, Seeds } from "./world.ts";

const POLL = "emojivoto";
const NOW = new Date("2026-06-01T00:00:00Z");
const TIME_SECONDS = 1_780_000_000;
const MARBLE_TYPE_OID = "1.3.9903.2.1";
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420");
const SPKI_PREFIX_BYTES = 12;
const PUBLIC_KEY = new Uint8Array(32).fill(7);
/** Ballots of the older and the newer tree: the newer has the older one and two more. */
const SIZES = { older: 4, newer: 6 } as const;

/** A poll whose receipt, audit and keys verify, and good inputs of all that reads such things. */
export async function createBallotCase(): Promise<{ ballots: BallotCase; seeds: Seeds }> {
  const [log, first, second] = [signerOf(1), signerOf(2), signerOf(3)];
  const logKey = logKeyOf(POLL, log.publicKey);
  const witnesses = [first, second].map(({ publicKey, sign }, i) => ({
    key: createVerifierKey(`witness.example/w${i}`, "cosignature", publicKey),
    sign,
  }));
  const noteOf = (text: string, others: readonly NoteSignature[] = []): string =>
    encodeNote({ text, signatures: [signNote(text, logKey, log.sign), ...others] });
  const cosigned = (text: string): string => {
    const cosign = witnesses.map((w) => cosignCheckpoint(text, w.key, w.sign, TIME_SECONDS));
    return noteOf(text, cosign);
  };

  const hasher = createTreeHasher();
  const ballots = Array.from({ length: SIZES.newer }, (_, i) => createBallot(i + 1));
  const codes = ballots.map((ballot) => commitmentOf({ poll: POLL, ...ballot }));
  const leaves = codes.map((code) => hasher.leaf(entryOf(code)));
  const headOf = (size: number): { origin: string; size: number; root: Uint8Array } => {
    const tree = createCompactTree(hasher);
    for (const leaf of leaves.slice(0, size)) tree.append(leaf);
    return { origin: logKey.name, size, root: tree.root() };
  };
  const rest = hasher.node(leaves[4] ?? PUBLIC_KEY, leaves[5] ?? PUBLIC_KEY);
  const newer = cosigned(encodeCheckpoint(headOf(SIZES.newer)));
  const proof = [leaves[5] ?? PUBLIC_KEY, headOf(SIZES.older).root];
  const answer = { outcome: outcome.counted, index: 4, proof, checkpoint: newer };
  const [ballot = createBallot(1)] = ballots;
  const [code = PUBLIC_KEY, , , , counted = code] = codes;
  const receipt = createReceipt({ poll: POLL, commitment: counted, logKey, answer });
  const votes = ballots.map(({ choice }) => ({ choice, votes: 1 }));
  const tallyText = encodeTally({
    ...headOf(SIZES.newer),
    ...{ counted: SIZES.newer, superseded: 0, votes },
  });
  const audited = {
    older: noteOf(encodeCheckpoint(headOf(SIZES.older))),
    newer,
    consistency: [rest],
    tally: noteOf(tallyText),
  };
  const rules = { closes: undefined, revote: "last", interimResults: "hidden" } as const;
  const statement = encodeKeysStatement({
    poll: POLL,
    hpkeKeys: [PUBLIC_KEY],
    logKey,
    rules: { opens: NOW, ...rules },
    witnesses: witnesses.map(({ key }) => key),
  });
  const { signedKeys, intermediatePem } = await signKeys(utf8(statement));
  const receiptText = encodeReceipt(receipt);
  const auditText = encodeAuditFile(audited);
  const keys = { logKey: encodeVerifierKey(logKey), witnesses: witnesses.map(({ key }) => key) };
  const text = (...texts: readonly string[]): Uint8Array[] => texts.map(utf8);
  return {
    ballots: {
      logKey: keys.logKey,
      witnesses: keys.witnesses.map(encodeVerifierKey),
      receipt: utf8(receiptText),
      audit: utf8(auditText),
      signedKeys,
      intermediatePem,
      now: NOW,
    },
    seeds: {
      note: text(newer, audited.older, audited.tally),
      checkpoint: text(encodeCheckpoint(headOf(SIZES.newer)), encodeCheckpoint(headOf(0))),
      verifierKey: text(keys.logKey, ...keys.witnesses.map(encodeVerifierKey)),
      tlogProof: text((JSON.parse(receiptText) as { proof: string }).proof),
      tilePath: text(
        tilePath({ level: 1, index: 1_234_067, width: 17 }),
        tilePath({ level: "entries", index: 3, width: 256 }),
      ),
      compactTree: [...leaves.keys()].map((size) => {
        const tree = createCompactTree(hasher);
        for (const leaf of leaves.slice(0, size)) tree.append(leaf);
        return tree.encode();
      }),
      ballot: ballots.map(encodeBallot),
      answer: [answer, { ...answer, outcome: outcome.refused }].map(encodeAnswer),
      opening: text(encodeOpening({ poll: POLL, ...ballot, commitment: code })),
      tally: text(tallyText),
      receipt: text(receiptText),
      auditFile: text(auditText, encodeAuditFile({ newer })),
      keysStatement: text(statement),
      signedKeysList: text(encodeSignedKeysList([signedKeys])),
    },
  };
}

function signerOf(seed: number): { publicKey: Uint8Array; sign: Ed25519Sign } {
  const pkcs8 = Buffer.from(concatBytes(PKCS8_PREFIX, new Uint8Array(32).fill(seed)));
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    publicKey: new Uint8Array(spki.subarray(SPKI_PREFIX_BYTES)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

async function signKeys(
  statement: Uint8Array,
): Promise<{ signedKeys: SignedKeys; intermediatePem: string }> {
  const [ca, marble] = await Promise.all([generateEcKey("P-384"), generateEcKey("P-256")]);
  const name = commonName("Mesh CA");
  const validity = { notBefore: NOW, notAfter: new Date(NOW.getTime() + 1000) };
  const both = { serial: randomSerial(), issuer: name, ...validity };
  const caExtensions = [extension.basicConstraints(true)];
  const type = { oid: MARBLE_TYPE_OID, critical: false, value: utf8("voting-svc") };
  const leafExtensions = [extension.keyUsage("digitalSignature"), type];
  const [intermediate, leaf] = await Promise.all([
    issueCertificate(
      { ...both, subject: name, spki: ca.spki, extensions: caExtensions },
      ca.signer,
    ),
    issueCertificate(
      { ...both, subject: commonName("marble"), spki: marble.spki, extensions: leafExtensions },
      ca.signer,
    ),
  ]);
  const intermediatePem = encodePem("CERTIFICATE", intermediate);
  const signature = await marble.signer.sign(keysStatementMessage(statement));
  const chain = encodePem("CERTIFICATE", leaf) + intermediatePem;
  const signedKeys = { statement: toBase64(statement), signature: toBase64(signature), chain };
  return { signedKeys, intermediatePem };
}
