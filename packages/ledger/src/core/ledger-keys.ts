import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { concatBytes, fromHex, utf8 } from "@carrara/encoding";
import { LedgerError } from "../error.ts";

/** Bytes of the ledger key, of what is derived from it, and of a writer's name. */
const KEY_BYTES = 32;
export const WRITER_BYTES = 16;
const KEY_ID_BYTES = 16;
const POLL = /^[a-z0-9.-]{1,64}$/;
/** DER of a PKCS#8 Ed25519 private key up to its 32-byte seed (RFC 8410, section 7). */
const ED25519_PKCS8_PREFIX: Uint8Array = fromHex("302e020100300506032b657004220420");
/** Bytes of an SPKI Ed25519 public key before the key itself. */
const ED25519_SPKI_PREFIX_BYTES = 12;
/** Keys of writers kept at hand; a ledger that changes hands more often derives them again. */
const MAX_KEPT_KEYS = 64;

/** What is sealed, each under keys of its own. */
type SealedKind = "group" | "head" | "volume";

/** Everything derived from a ledger key and a poll. */
export interface LedgerKeys {
  readonly poll: string;
  /** Tells a wrong key from a changed file; says nothing about the key. */
  readonly keyId: Uint8Array;
  /** 8 bytes for the hash of the id index. */
  readonly hashKey: Uint8Array;
  readonly logPublicKey: Uint8Array;
  /** Ed25519 with the log key. */
  signLog(message: Uint8Array): Uint8Array;
  /** The AES-256 key of one writer. */
  sealingKey(kind: SealedKind, writer: Uint8Array): KeyObject;
}

/** Derives the keys. Throws `LEDGER_CONFIG_INVALID` for a key that is not 32 bytes, or no poll name. */
export function deriveLedgerKeys(key: Uint8Array, poll: string): LedgerKeys {
  if (key.length !== KEY_BYTES) {
    throw new LedgerError(
      "LEDGER_CONFIG_INVALID",
      `ledger key of ${key.length} bytes, needed ${KEY_BYTES}`,
    );
  }
  if (!POLL.test(poll)) {
    throw new LedgerError("LEDGER_CONFIG_INVALID", "poll name is not 1 to 64 of a-z 0-9 . -");
  }
  const master = createSecretKey(key);
  const derive = (label: string, salt: Uint8Array, bytes: number): Uint8Array => {
    const info = concatBytes(utf8(`carrara ${label} v1`), new Uint8Array(1), utf8(poll));
    return new Uint8Array(hkdfSync("sha256", master, salt, info, bytes));
  };
  const none = new Uint8Array(0);
  const logKey = ed25519KeyOf(derive("ballot log key", none, KEY_BYTES));
  const spki = createPublicKey(logKey).export({ type: "spki", format: "der" });
  const kept = new Map<string, KeyObject>();
  return {
    poll,
    keyId: derive("ledger key id", none, KEY_ID_BYTES),
    hashKey: derive("ledger id index", none, 8),
    logPublicKey: new Uint8Array(spki.subarray(ED25519_SPKI_PREFIX_BYTES)),
    signLog: (message) => sign(null, message, logKey),
    sealingKey: (kind, writer) => {
      const name = `${kind} ${Buffer.from(writer).toString("hex")}`;
      const found = kept.get(name);
      if (found !== undefined) return found;
      const fresh = createSecretKey(derive(`ledger ${kind}`, writer, KEY_BYTES));
      if (kept.size >= MAX_KEPT_KEYS) kept.clear();
      kept.set(name, fresh);
      return fresh;
    },
  };
}

/** The signing key of a seed; Node has no other way in than PKCS#8. */
function ed25519KeyOf(seed: Uint8Array): KeyObject {
  const key = Buffer.from(concatBytes(ED25519_PKCS8_PREFIX, seed));
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}
