import {
  createCipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { ballotInfo, createBallot, encodeBallot, keyIdOf } from "@carrara/ballot";

/** Whom ballots are sealed to. */
export interface SealTo {
  readonly poll: string;
  readonly publicKey: Uint8Array;
}

/**
 * Different sealed ballots. All share one ephemeral key, which no voter may do: it saves a key generation
 * and an agreement each, while who opens them has the whole work.
 */
export function sealedBallots({ poll, publicKey }: SealTo, count: number): readonly Uint8Array[] {
  const seal = sealer(poll, Buffer.from(publicKey));
  return Array.from({ length: count }, (_, i) => seal(encodeBallot(createBallot(1 + (i % 60)))));
}

/** HPKE's sending side (RFC 9180) for one encapsulation. */
function sealer(poll: string, recipient: Buffer): (plaintext: Uint8Array) => Uint8Array {
  const ephemeral = generateKeyPairSync("x25519");
  const enc = rawOf(ephemeral.publicKey);
  const kem = Buffer.concat([Buffer.from("KEM"), Buffer.from([0, 0x20])]);
  const suite = Buffer.concat([Buffer.from("HPKE"), Buffer.from([0, 0x20, 0, 1, 0, 2])]);
  const none = Buffer.alloc(0);
  const publicKey = keyOf(recipient);
  const dh = diffieHellman({ privateKey: ephemeral.privateKey, publicKey });
  const context = Buffer.concat([enc, recipient]);
  const prk = extract(none, kem, "eae_prk", dh);
  const shared = expand(prk, kem, "shared_secret", context, 32);
  const schedule = Buffer.concat([
    Buffer.from([0]),
    extract(none, suite, "psk_id_hash", none),
    extract(none, suite, "info_hash", ballotInfo(poll)),
  ]);
  const secret = extract(shared, suite, "secret", none);
  const key = expand(secret, suite, "key", schedule, 32);
  const nonce = expand(secret, suite, "base_nonce", schedule, 12);
  const keyId = keyIdOf(recipient);
  return (plaintext) => {
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.setAAD(keyId);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return Buffer.concat([keyId, enc, ciphertext, cipher.getAuthTag()]);
  };
}

function rawOf(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
}

function keyOf(raw: Buffer): KeyObject {
  const jwk = { kty: "OKP", crv: "X25519", x: raw.toString("base64url") };
  return createPublicKey({ key: jwk, format: "jwk" });
}

function extract(salt: Uint8Array, suite: Buffer, label: string, ikm: Uint8Array): Buffer {
  const parts = [Buffer.from("HPKE-v1"), suite, Buffer.from(label), ikm];
  return createHmac("sha256", salt).update(Buffer.concat(parts)).digest();
}

function expand(
  prk: Uint8Array,
  suite: Buffer,
  label: string,
  info: Uint8Array,
  length: number,
): Buffer {
  const head = [Buffer.from([0, length]), Buffer.from("HPKE-v1"), suite, Buffer.from(label)];
  const parts = [...head, info, Buffer.from([1])];
  return createHmac("sha256", prk).update(Buffer.concat(parts)).digest().subarray(0, length);
}
