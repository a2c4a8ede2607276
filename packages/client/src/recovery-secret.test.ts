import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  verify,
} from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  encryptRecoverySecret,
  isPlainRecoverySecret,
  parseRecoveryKey,
} from "./recovery-secret.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const SPKI = new Uint8Array(publicKey.export({ format: "der", type: "spki" }));
const pemOf = (key: KeyObject, type: "pkcs1" | "pkcs8") =>
  key.export({ format: "pem", type }).toString();

describe.each(["pkcs1", "pkcs8"] as const)("a recovery key in %s", (type) => {
  const key = parseRecoveryKey(pemOf(privateKey, type));

  test.each([16, 32, 33])("decrypts and signs a secret of %i bytes", (length) => {
    const plain = new Uint8Array(length).fill(7);
    expect(key.decrypt(encryptRecoverySecret(plain, SPKI))).toEqual(plain);
    expect(verify("sha256", plain, publicKey, key.sign(plain))).toBe(true);
  });

  test("refuses a changed bit, another length and another key's secret", () => {
    const encrypted = encryptRecoverySecret(new Uint8Array(32), SPKI);
    const flipped = encrypted.slice();
    flipped[9] = (flipped[9] ?? 0) ^ 1;
    const short = encryptRecoverySecret(new Uint8Array(31), SPKI);
    for (const bad of [flipped, encrypted.subarray(1), new Uint8Array(), short]) {
      expect(() => key.decrypt(bad)).toThrow(
        expect.objectContaining({ name: "ClientError", code: "RECOVERY_SECRET_INVALID" }),
      );
    }
  });
});

test("the ephemeral key's owner decrypts with OAEP, SHA-256 and no label", () => {
  const plain = new Uint8Array(33).fill(1);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const encrypted = encryptRecoverySecret(plain, SPKI);
  expect(
    new Uint8Array(privateDecrypt({ key: privateKey, padding, oaepHash: "sha256" }, encrypted)),
  ).toEqual(plain);
});

test.each([
  [16, true],
  [32, true],
  [33, true],
  [31, false],
  [256, false],
])("a secret of %i bytes is plain: %s", (length, plain) => {
  expect(isPlainRecoverySecret(new Uint8Array(length))).toBe(plain);
});

describe("RECOVERY_KEY_INVALID", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const locked = privateKey
    .export({ format: "pem", type: "pkcs8", cipher: "aes-128-cbc", passphrase: "x" })
    .toString();

  test.each([
    ["no PEM", "x"],
    ["an elliptic key", pemOf(ec.privateKey, "pkcs8")],
    ["a key with a passphrase", locked],
    ["a public key", publicKey.export({ format: "pem", type: "spki" }).toString()],
  ])("is %s, and says nothing of its content", (_, pem) => {
    expect(() => parseRecoveryKey(pem)).toThrow(
      expect.objectContaining({ name: "ClientError", code: "RECOVERY_KEY_INVALID" }),
    );
  });

  test("is a public key that is none or not RSA", () => {
    const spki = createPublicKey(ec.privateKey).export({ format: "der", type: "spki" });
    for (const bad of [new Uint8Array(9), new Uint8Array(spki)]) {
      expect(() => encryptRecoverySecret(new Uint8Array(32), bad)).toThrow(
        expect.objectContaining({ code: "RECOVERY_KEY_INVALID" }),
      );
    }
  });
});
