import { Aes128Gcm, Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EmojivotoError } from "../service/emojivoto-error.ts";
import { createHpkeReceiver, hpkeAead } from "./hpke-receiver.ts";

const hex = (text: string): Uint8Array => Buffer.from(text, "hex");

/** RFC 9180, A.3.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
const A31 = {
  info: hex("4f6465206f6e2061204772656369616e2055726e"),
  skRm: hex("f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2"),
  pkRm: hex(
    "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
  ),
  enc: hex(
    "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
  ),
  pt: hex("4265617574792069732074727574682c20747275746820626561757479"),
  aad: hex("436f756e742d30"),
  ct: hex(
    "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434",
  ),
  exports: [
    ["", "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d"],
    ["00", "6cff87658931bda83dc857e6353efe4987a201b849658d9b047aab4cf216e796"],
    ["54657374436f6e74657874", "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a"],
  ] as const,
};

describe("the vectors of RFC 9180, A.3.1", () => {
  const { info, skRm, pkRm, enc } = A31;
  const receiver = createHpkeReceiver({ aead: hpkeAead.aes128Gcm, info, privateKey: skRm });

  test("give the recipient's public key", () => {
    expect(Buffer.from(receiver.publicKey)).toEqual(Buffer.from(pkRm));
  });

  test("open to the plaintext", () => {
    const opened = receiver.open(enc).openFirst(A31.ct, A31.aad);
    expect(Buffer.from(opened)).toEqual(Buffer.from(A31.pt));
  });

  test.each(A31.exports)("export %j", (label, wanted) => {
    expect(Buffer.from(receiver.open(enc).export(hex(label), 32)).toString("hex")).toBe(wanted);
  });
});

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const arrayBufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

describe.each([
  ["AES-256-GCM", hpkeAead.aes256Gcm, new Aes256Gcm()],
  ["AES-128-GCM", hpkeAead.aes128Gcm, new Aes128Gcm()],
])("with @hpke/core and %s", (_, aead, theirs) => {
  const suite = new CipherSuite({
    kem: new DhkemP256HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: theirs,
  });
  const info = ascii("info of a test");

  test("opens what the library seals, and both export the same", async () => {
    const receiver = createHpkeReceiver({ aead, info });
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
      const context = receiver.open(new Uint8Array(sender.enc));
      expect(Buffer.from(context.openFirst(new Uint8Array(sealed), ascii("aad")))).toEqual(
        Buffer.from(message),
      );
      const exported = await sender.export(arrayBufferOf(ascii("label")), 32);
      expect(Buffer.from(context.export(ascii("label"), 32))).toEqual(Buffer.from(exported));
    }
  });

  test("agrees with the library as recipient of the same message", async () => {
    const { privateKey, publicKey } = await suite.kem.generateKeyPair();
    const raw = new Uint8Array(await suite.kem.serializePrivateKey(privateKey));
    const receiver = createHpkeReceiver({ aead, info, privateKey: raw });
    expect(Buffer.from(receiver.publicKey)).toEqual(
      Buffer.from(await suite.kem.serializePublicKey(publicKey)),
    );
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
    const ours = receiver
      .open(new Uint8Array(sender.enc))
      .openFirst(new Uint8Array(sealed), new Uint8Array(0));
    expect(Buffer.from(ours)).toEqual(Buffer.from(await theirs2.open(sealed)));
  });
});

describe("a message that is not from a sender", () => {
  const info = ascii("x");
  const receiver = createHpkeReceiver({ aead: hpkeAead.aes256Gcm, info });

  test.each([
    ["short", new Uint8Array(64)],
    ["long", new Uint8Array(66)],
    ["compressed", Buffer.concat([Buffer.from([2]), new Uint8Array(64).fill(1)])],
    ["off the curve", Buffer.concat([Buffer.from([4]), new Uint8Array(64).fill(1)])],
    ["the point at infinity", new Uint8Array(65)],
  ])("whose key is %s is BALLOT_MALFORMED", (_, enc) => {
    expect(() => receiver.open(enc)).toThrow(expect.objectContaining({ code: "BALLOT_MALFORMED" }));
  });

  test("of any bytes is BALLOT_MALFORMED", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 99 }), fc.uint8Array({ maxLength: 70 }), (a, enc) => {
        try {
          receiver.open(enc).openFirst(a, a);
          expect.unreachable();
        } catch (error) {
          expect(error).toBeInstanceOf(EmojivotoError);
          expect(error).toMatchObject({ code: "BALLOT_MALFORMED" });
        }
      }),
    );
  });

  test("with one bit flipped anywhere is BALLOT_MALFORMED", () => {
    const { skRm, enc, ct, aad, info: own } = A31;
    const vector = createHpkeReceiver({ aead: hpkeAead.aes128Gcm, info: own, privateKey: skRm });
    for (let bit = 0; bit < (enc.length + ct.length) * 8; bit += 7) {
      const bytes = Buffer.concat([enc, ct]);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => vector.open(bytes.subarray(0, 65)).openFirst(bytes.subarray(65), aad)).toThrow(
        expect.objectContaining({ code: "BALLOT_MALFORMED" }),
      );
    }
  });
});
