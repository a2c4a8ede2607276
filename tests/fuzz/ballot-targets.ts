import {
  type Audited,
  auditLog,
  BallotError,
  checkReceipt,
  decodeAnswer,
  decodeBallot,
  parseAuditFile,
  parseKeysStatement,
  parseOpening,
  parseReceipt,
  parseSignedKeysList,
  parseTally,
  type SignedKeys,
  verifySignedKeys,
} from "@carrara/ballot";
import { parsePem, toHex, utf8 } from "@carrara/encoding";
import {
  createCompactTree,
  encodeVerifierKey,
  parseCheckpoint,
  parseNote,
  parseTilePath,
  parseTlogProof,
  parseVerifierKey,
  TransparencyError,
} from "@carrara/transparency";
import { KIB, parser, seedsOf, type Target, textOf } from "./target.ts";
import type { BallotCase, FuzzWorld } from "./world.ts";

/** Readers of what logs and voters hand over. */
export function ballotParserTargets({ seeds }: FuzzWorld): Target[] {
  const log = { ...parser, refusals: [TransparencyError] };
  const ballot = { ...parser, refusals: [BallotError] };
  const text = (
    base: typeof log | typeof ballot,
    name: string,
    seed: string,
    read: TextReader,
  ) => ({
    ...base,
    name,
    seeds: seedsOf(seeds[seed]),
    maxBytes: 16 * KIB,
    read: (input: Uint8Array) => read(textOf(input)),
  });
  const json = (name: string, seed: string, read: TextReader): Target => ({
    ...text(ballot, name, seed, read),
    grammar: "json",
  });
  return [
    text(log, "note", "note", parseNote),
    text(log, "checkpoint", "checkpoint", parseCheckpoint),
    text(log, "verifier-key", "verifierKey", parseVerifierKey),
    text(log, "tlog-proof", "tlogProof", parseTlogProof),
    text(log, "tile-path", "tilePath", parseTilePath),
    {
      ...log,
      name: "compact-tree",
      seeds: seedsOf(seeds["compactTree"]),
      read: (input) => createCompactTree(undefined, input).root(),
    },
    { ...ballot, name: "ballot", seeds: seedsOf(seeds["ballot"]), read: decodeBallot },
    { ...ballot, name: "answer", seeds: seedsOf(seeds["answer"]), read: decodeAnswer },
    text(ballot, "tally", "tally", parseTally),
    json("opening", "opening", parseOpening),
    json("receipt", "receipt", parseReceipt),
    json("audit-file", "auditFile", parseAuditFile),
    json("keys-statement", "keysStatement", parseKeysStatement),
    json("signed-keys-list", "signedKeysList", parseSignedKeysList),
  ];
}

type TextReader = (text: string) => unknown;

const verifier = {
  kind: "verifier",
  grammar: "json",
  refusals: [BallotError, TransparencyError],
  maxBytes: 16 * KIB,
  weight: 1,
} as const;

/** Checks of what a voter holds, each over a poll that is in order. */
export function ballotVerifierTargets({ ballots }: FuzzWorld): Target[] {
  const logKey = parseVerifierKey(ballots.logKey);
  const trust = { logKey, witnesses: ballots.witnesses.map(parseVerifierKey) };
  return [
    {
      ...verifier,
      name: "verify receipt",
      seeds: seedsOf([ballots.receipt]),
      read: async (input) => await checkReceipt(parseReceipt(textOf(input)), trust),
      reliedOn: (input) => receiptParts(textOf(input)),
    },
    {
      ...verifier,
      name: "verify ballot log",
      seeds: seedsOf([ballots.audit]),
      read: async (input) => await auditLog({ ...parseAuditFile(textOf(input)), ...trust }),
      reliedOn: (input) => auditParts(parseAuditFile(textOf(input))),
    },
    signedKeysTarget(ballots),
  ];
}

/** Everything but signatures of keys that nobody asked about, and extra data of the proof. */
function receiptParts(text: string): string[] {
  const { poll, commitment, logKey, proof } = parseReceipt(text);
  const parts = [poll, toHex(commitment), encodeVerifierKey(logKey), proof.index.toString()];
  return [...parts, ...proof.hashes.map(toHex), parseNote(proof.checkpoint).text];
}

/** Texts and hashes. A part that was left out is not relied on, and its absence is told. */
function auditParts({ older, newer, consistency = [], tally }: Audited): string[] {
  const notes = [older, newer, tally].filter((note) => note !== undefined);
  return [...notes.map((note) => parseNote(note).text), ...consistency.map(toHex)];
}

function signedKeysTarget({ signedKeys, intermediatePem, now }: BallotCase): Target {
  const parts = Object.entries(signedKeys) as [keyof SignedKeys, string][];
  return {
    ...verifier,
    name: "verify ballot keys",
    grammar: "bytes",
    refusals: [BallotError],
    seeds: parts.map(([part, text]) => ({ part, bytes: utf8(text) })),
    read: async (input, part) =>
      await verifySignedKeys({ ...signedKeys, [part]: textOf(input) }, { intermediatePem, now }),
    // Of the chain the first certificate alone is believed.
    reliedOn: (input, part) =>
      part === "chain"
        ? parsePem(textOf(input))
            .slice(0, 1)
            .map(({ bytes }) => toHex(bytes))
        : [textOf(input)],
  };
}
