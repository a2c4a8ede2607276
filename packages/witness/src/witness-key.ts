import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { concatBytes, fromBase64, toBase64 } from "@carrara/encoding";
import { createFile, systemCodeOf } from "@carrara/files";
import {
  createVerifierKey,
  type Ed25519Sign,
  readBase64,
  type VerifierKey,
} from "@carrara/transparency";
import { WitnessError } from "./witness-error.ts";

/** What a witness signs with; `sign` holds the private key and never shows it. */
export interface WitnessKey {
  readonly verifierKey: VerifierKey;
  readonly sign: Ed25519Sign;
}

/** First byte of the key material: a timestamped Ed25519 cosignature (C2SP tlog-cosignature). */
const COSIGNATURE_TYPE = 0x04;
const SEED_BYTES = 32;
const MAX_KEY_FILE_BYTES = 1024;
/** PKCS #8 around a raw Ed25519 seed (RFC 8410 section 7). */
const PKCS8_PREFIX = fromBase64("MC4CAQAwBQYDK2VwBCIEIA==");
const KEY_TEXT = /^PRIVATE\+KEY\+([^+\s]{1,255})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})\n?$/;

/**
 * Makes a key for a witness called `name`, a URL without its scheme as in `witness.example/w1`, and
 * writes it to `file`, mode 0600. Throws `WITNESS_KEY_EXISTS`, `WITNESS_KEY_INVALID` for the name.
 */
export async function createWitnessKey(file: string, name: string): Promise<WitnessKey> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ type: "pkcs8", format: "der" }).subarray(-SEED_BYTES);
  const key = keyOf(name, privateKey);
  await writeNew(file, encodeKey(key.verifierKey, seed));
  return key;
}

/**
 * Loads the key of `file`, which nobody else may read. Throws `WITNESS_KEY_INVALID`.
 */
export async function loadWitnessKey(file: string): Promise<WitnessKey> {
  const [, name = "", id = "", material = ""] = KEY_TEXT.exec(await readPrivate(file)) ?? [];
  const [type, ...seed] = readBase64(material) ?? [];
  if (type !== COSIGNATURE_TYPE || seed.length !== SEED_BYTES) {
    throw invalid("the file is no key of a witness: make one with `carrara witness keygen`");
  }
  const der = Buffer.from(concatBytes(PKCS8_PREFIX, Uint8Array.from(seed)));
  const key = keyOf(name, createPrivateKey({ key: der, type: "pkcs8", format: "der" }));
  if (idOf(key.verifierKey) === id) return key;
  throw invalid("the key is damaged: its id is another key's");
}

function keyOf(name: string, privateKey: KeyObject): WitnessKey {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  return {
    verifierKey: namedKey(name, Uint8Array.from(spki.subarray(-SEED_BYTES))),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

function namedKey(name: string, publicKey: Uint8Array): VerifierKey {
  try {
    return createVerifierKey(name, "cosignature", publicKey);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw invalid("a name is a URL without its scheme, as in witness.example/w1", cause);
  }
}

/** As the note tools write private keys: name, id, type and seed. */
function encodeKey(key: VerifierKey, seed: Uint8Array): string {
  const material = toBase64(concatBytes(Uint8Array.of(COSIGNATURE_TYPE), seed));
  return `PRIVATE+KEY+${key.name}+${idOf(key)}+${material}\n`;
}

function idOf({ keyHash }: VerifierKey): string {
  return keyHash.toString(16).padStart(8, "0");
}

async function readPrivate(file: string): Promise<string> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (cause) {
    throw invalid(`cannot read the key file (${systemCodeOf(cause)})`, cause);
  }
  try {
    const { mode, size } = await handle.stat();
    if ((mode & 0o077) !== 0) {
      throw invalid(`the key file has mode ${(mode & 0o777).toString(8)}, 600 needed`);
    }
    if (size > MAX_KEY_FILE_BYTES)
      throw invalid(`the key file has ${size} bytes, too many for one`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}

async function writeNew(file: string, content: string): Promise<void> {
  const created = await createFile(file, content).catch((cause: unknown) => {
    throw invalid(`cannot write the key file (${systemCodeOf(cause)})`, cause);
  });
  if (created) return;
  throw new WitnessError("WITNESS_KEY_EXISTS", "the key file exists and is not overwritten");
}

function invalid(message: string, cause?: unknown): WitnessError {
  return new WitnessError("WITNESS_KEY_INVALID", message, { cause });
}
