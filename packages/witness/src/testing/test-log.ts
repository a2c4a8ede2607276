import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { utf8 } from "@carrara/encoding";
import {
  type Checkpoint,
  consistencyRanges,
  createTreeHasher,
  createVerifierKey,
  encodeCheckpoint,
  encodeNote,
  inclusionRanges,
  signNote,
  type VerifierKey,
} from "@carrara/transparency";

/** A log in memory that does what a log does, and can be told to lie. */
export interface TestLog {
  /** Named after the log's origin. */
  readonly key: VerifierKey;
  readonly size: number;
  append(...entries: readonly Uint8Array[]): void;
  root(size?: number): Uint8Array;
  /** Signs any text as the log does. */
  sign(text: string): string;
  /** The signed checkpoint of the first `size` entries; all unless given. */
  checkpoint(size?: number): string;
  consistency(from: number, to?: number): readonly Uint8Array[];
  inclusion(index: number, size?: number): readonly Uint8Array[];
  /** Another history under the same key: the first `size` entries, then whatever is appended. */
  fork(size: number): TestLog;
}

/** What a test log starts with. */
export interface TestLogOptions {
  readonly origin?: string;
  /** PKCS #8 in PEM; a new key unless given. */
  readonly privateKeyPem?: string;
  readonly entries?: readonly Uint8Array[];
}

const hasher = createTreeHasher();

/** Creates a log; its key is an Ed25519 key of its own. */
export function createTestLog(options: TestLogOptions = {}): TestLog {
  const { origin = "log.example/test", privateKeyPem, entries = [] } = options;
  const privateKey =
    privateKeyPem === undefined
      ? generateKeyPairSync("ed25519").privateKey
      : createPrivateKey(privateKeyPem);
  const jwk = privateKey.export({ format: "jwk" });
  const publicKey = new Uint8Array(Buffer.from(jwk.x ?? "", "base64url"));
  return logOver(createVerifierKey(origin, "ed25519", publicKey), privateKey, [...entries]);
}

/** `count` entries that nobody else has, told apart by `label`. */
export function testEntries(count: number, label = "entry"): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => utf8(`${label} ${index}`));
}

function logOver(key: VerifierKey, privateKey: KeyObject, entries: Uint8Array[]): TestLog {
  const rangeHash = ({ start, end }: { readonly start: number; readonly end: number }) =>
    treeHash(entries.slice(start, end));
  const root = (size = entries.length): Uint8Array =>
    size === 0 ? hasher.emptyRoot : treeHash(entries.slice(0, size));
  const signed = (text: string): string => {
    const signature = signNote(
      text,
      key,
      (message) => new Uint8Array(sign(null, message, privateKey)),
    );
    return encodeNote({ text, signatures: [signature] });
  };
  return {
    key,
    get size() {
      return entries.length;
    },
    append: (...more) => void entries.push(...more),
    root,
    sign: signed,
    checkpoint(size = entries.length) {
      const checkpoint: Checkpoint = { origin: key.name, size, root: root(size) };
      return signed(encodeCheckpoint(checkpoint));
    },
    consistency: (from, to = entries.length) => consistencyRanges(from, to).map(rangeHash),
    inclusion: (index, size = entries.length) => inclusionRanges(index, size).map(rangeHash),
    fork: (size) => logOver(key, privateKey, entries.slice(0, size)),
  };
}

/** RFC 9162 section 2.1.1, as it is written there. */
function treeHash(entries: readonly Uint8Array[]): Uint8Array {
  const [first] = entries;
  if (first === undefined) return hasher.emptyRoot;
  if (entries.length === 1) return hasher.leaf(first);
  const split = 2 ** Math.floor(Math.log2(entries.length - 1));
  return hasher.node(treeHash(entries.slice(0, split)), treeHash(entries.slice(split)));
}
