import { createPrivateKey, type KeyObject } from "node:crypto";
import { Aes128Gcm, Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { createHpkeReceiver, type HpkeReceiver, hpkeAead } from "./hpke-receiver.ts";

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** RFC 9180, A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
const A11 = {
  info: hex("4f6465206f6e2061204772656369616e2055726e"),
  skRm: hex("4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8"),
  pkRm: hex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"),
  enc: hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"),
  pt: hex("4265617574792069732074727574682c20747275746820626561757479"),
  aad: hex("436f756e742d30"),
  ct: hex(
    "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a",
  ),
  exports: [
    ["", "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee"],
    ["00", "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5"],
    ["54657374436f6e74657874", "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931"],
  ] as const,
};

function privateKeyOf(raw: Uint8Array, publicKey: Uint8Array): KeyObject {
  const key = { kty: "OKP", crv: "X25519", d: base64url(raw), x: base64url(publicKey) };
  return createPrivateKey({ key, format: "jwk" });
}

/** The recipient of the vectors, who exports under `exportLabel`. */
function recipient(exportLabel: Uint8Array): HpkeReceiver {
  const { info, skRm, pkRm } = A11;
  const privateKey = privateKeyOf(skRm, pkRm);
  return createHpkeReceiver({ aead: hpkeAead.aes128Gcm, info, exportLabel, privateKey });
}

describe("the vectors of RFC 9180, A.1.1", () => {
  const { enc, ct, aad } = A11;

  test("give the recipient's public key", () => {
    expect(Buffer.from(recipient(hex("")).publicKey)).toEqual(Buffer.from(A11.pkRm));
  });

  test("open to the plaintext", () => {
    const { plaintext } = recipient(hex("")).open({ enc, ciphertext: ct, aad });
    expect(Buffer.from(plaintext)).toEqual(Buffer.from(A11.pt));
  });

  test.each(A11.exports)("export %j", (label, wanted) => {
    const { exported } = recipient(hex(label)).open({ enc, ciphertext: ct, aad });
    expect(Buffer.from(exported()).toString("hex")).toBe(wanted);
  });
});

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const arrayBufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

describe.each([
  ["AES-256-GCM", hpkeAead.aes256Gcm, new Aes256Gcm()],
  ["AES-128-GCM", hpkeAead.aes128Gcm, new Aes128Gcm()],
])("with @hpke/core and %s", (_, aead, theirs) => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: theirs,
  });
  const info = ascii("info of a test");
  const exportLabel = ascii("label");

  test("opens what the library seals, and both export the same", async () => {
    const receiver = createHpkeReceiver({ aead, info, exportLabel });
    const recipientPublicKey = await suite.kem.deserializePublicKey(
      arrayBufferOf(receiver.publicKey),
    );
    for (const length of [0, 1, 67, 1000]) {
      const sender = await suite.createSenderContext({
        recipientPublicKey,
        info: arrayBufferOf(info),
      });
      const message = new Uint8Array(length).fill(7);
      const sealed = await sender.seal(arrayBufferOf(message), arrayBufferOf(ascii("aad")));
      const opened = receiver.open({
        enc: new Uint8Array(sender.enc),
        ciphertext: new Uint8Array(sealed),
        aad: ascii("aad"),
      });
      expect(Buffer.from(opened.plaintext)).toEqual(Buffer.from(message));
      const exported = await sender.export(arrayBufferOf(exportLabel), 32);
      expect(Buffer.from(opened.exported())).toEqual(Buffer.from(exported));
    }
  });

  test("agrees with the library as recipient of the same message", async () => {
    const { privateKey, publicKey } = await suite.kem.generateKeyPair();
    const raw = new Uint8Array(await suite.kem.serializePrivateKey(privateKey));
    const rawPublic = new Uint8Array(await suite.kem.serializePublicKey(publicKey));
    const receiver = createHpkeReceiver({
      ...{ aead, info, exportLabel },
      privateKey: privateKeyOf(raw, rawPublic),
    });
    expect(Buffer.from(receiver.publicKey)).toEqual(Buffer.from(rawPublic));
    const recipientPublicKey = await suite.kem.deserializePublicKey(
      arrayBufferOf(receiver.publicKey),
    );
    const sender = await suite.createSenderContext({
      recipientPublicKey,
      info: arrayBufferOf(info),
    });
    const theirs2 = await suite.createRecipientContext({
      recipientKey: privateKey,
      enc: sender.enc,
      info: arrayBufferOf(info),
    });
    const sealed = await sender.seal(arrayBufferOf(ascii("hello")));
    const { plaintext } = receiver.open({
      enc: new Uint8Array(sender.enc),
      ciphertext: new Uint8Array(sealed),
      aad: new Uint8Array(0),
    });
    expect(Buffer.from(plaintext)).toEqual(Buffer.from(await theirs2.open(sealed)));
  });
});

test("what one message exports is not changed by the next", () => {
  const [label, wanted] = A11.exports[0];
  const receiver = recipient(hex(label));
  const { enc, ct, aad } = A11;
  const opened = receiver.open({ enc, ciphertext: ct, aad });
  const other = { enc: A11.pkRm, ciphertext: ct, aad };
  expect(() => receiver.open(other)).toThrow(EmojivotoError);
  expect(Buffer.from(opened.exported()).toString("hex")).toBe(wanted);
});

test("each receiver without a key has a fresh one", () => {
  const options = { aead: hpkeAead.aes256Gcm, info: ascii("x"), exportLabel: ascii("y") };
  const [one, other] = [createHpkeReceiver(options), createHpkeReceiver(options)];
  expect(one.publicKey).toHaveLength(32);
  expect(Buffer.from(one.publicKey)).not.toEqual(Buffer.from(other.publicKey));
});

describe("a message that is not from a sender", () => {
  const receiver = createHpkeReceiver({
    aead: hpkeAead.aes256Gcm,
    info: ascii("x"),
    exportLabel: ascii("y"),
  });

  test("of any bytes is BALLOT_MALFORMED", () => {
    const enc = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 70 }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 99 }), enc, (any, key) => {
        try {
          receiver.open({ enc: key, ciphertext: any, aad: any });
          expect.unreachable();
        } catch (error) {
          expect(error).toBeInstanceOf(EmojivotoError);
          expect(error).toMatchObject({ code: "BALLOT_MALFORMED" });
        }
      }),
    );
  });

  test("with one bit flipped anywhere is BALLOT_MALFORMED", () => {
    const { enc, ct, aad } = A11;
    const vector = recipient(hex(""));
    for (let bit = 0; bit < (enc.length + ct.length) * 8; bit += 1) {
      const bytes = Buffer.concat([enc, ct]);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const changed = { enc: bytes.subarray(0, 32), ciphertext: bytes.subarray(32), aad };
      expect(() => vector.open(changed)).toThrow(
        expect.objectContaining({ code: "BALLOT_MALFORMED" }),
      );
    }
  });
});
