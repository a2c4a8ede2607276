import { fromBase64, toBase64 } from "@carrara/encoding";
import { expect, test } from "vitest";
import { encodeKeysStatement, type KeysStatement } from "./keys-statement.ts";
import { encodeSignedKeysList, parseSignedKeysList, verifySignedKeys } from "./signed-keys.ts";
import { createBallotBox } from "./testing/ballot-box.ts";
import { codeOf, codeOfWork } from "./testing/code-of.ts";
import { createTestMesh, type MarbleOptions } from "./testing/test-mesh.ts";
import { createLogSigner } from "./testing/test-signer.ts";

const mesh = await createTestMesh();
const now = new Date("2026-12-01T00:00:00Z");
const trust = { intermediatePem: mesh.intermediatePem, now };
const statement: KeysStatement = {
  poll: "emojivoto",
  hpkeKeys: [(await createBallotBox("emojivoto")).publicKey],
  logKey: createLogSigner("emojivoto", 1).key,
  rules: { opens: undefined, closes: undefined, revote: "unlimited", interimResults: "shown" },
  witnesses: [],
};
const text = encodeKeysStatement(statement);

test.each(["P-256", "P-384"] as const)(
  "a voting marble's statement is taken, on %s",
  async (curve) => {
    expect(await verifySignedKeys(await mesh.sign(text, { curve }), trust)).toEqual(statement);
  },
);

test("a chain of the certificate alone is enough, and another marble type may be asked for", async () => {
  const signed = await mesh.sign(text, { marbleType: "other-voting" });
  const [leaf = ""] = signed.chain.split("-----END CERTIFICATE-----\n");
  const alone = { ...signed, chain: `${leaf}-----END CERTIFICATE-----\n` };
  const keys = await verifySignedKeys(alone, { ...trust, marbleType: "other-voting" });
  expect(keys.poll).toBe("emojivoto");
});

test.each<[string, MarbleOptions]>([
  ["of another marble type", { marbleType: "web" }],
  ["of a marble type that begins alike", { marbleType: "voting-svc2" }],
  ["that is not valid any more", { notAfter: new Date("2026-11-30T23:59:59Z") }],
  ["that is not valid yet", { notBefore: new Date("2026-12-01T00:00:01Z") }],
  ["of a CA", { ca: true }],
  ["that is not for signatures", { forSignatures: false }],
  ["of another issuer's name", { issuerName: "Another CA" }],
])("a certificate %s is KEYS_CERTIFICATE_INVALID", async (_, options) => {
  const work = verifySignedKeys(await mesh.sign(text, options), trust);
  expect(await codeOfWork(work)).toBe("KEYS_CERTIFICATE_INVALID");
});

test("a certificate of another mesh is KEYS_CERTIFICATE_INVALID, whatever chain comes with it", async () => {
  const other = await createTestMesh();
  const signed = await other.sign(text);
  expect(await codeOfWork(verifySignedKeys(signed, trust))).toBe("KEYS_CERTIFICATE_INVALID");
  const own = verifySignedKeys({ ...signed, chain: other.intermediatePem }, trust);
  expect(await codeOfWork(own)).toBe("KEYS_CERTIFICATE_INVALID");
});

test("a mesh CA whose time is over is KEYS_CERTIFICATE_INVALID", async () => {
  const late = new Date("2027-06-01T00:00:00Z");
  const signed = await mesh.sign(text, { notAfter: new Date("2028-01-01T00:00:00Z") });
  const work = verifySignedKeys(signed, { ...trust, now: late });
  expect(await codeOfWork(work)).toBe("KEYS_CERTIFICATE_INVALID");
});

test.each([
  ["nothing", ""],
  ["no certificate", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
  ["a certificate that is none", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
  ["a begin line alone", "-----BEGIN CERTIFICATE-----"],
  ["over 64 KiB", "x".repeat(64 * 1024 + 1)],
])("a chain of %s is KEYS_CERTIFICATE_INVALID", async (_, chain) => {
  const work = verifySignedKeys({ ...(await mesh.sign(text)), chain }, trust);
  expect(await codeOfWork(work)).toBe("KEYS_CERTIFICATE_INVALID");
});

test("no flipped bit of statement, signature or certificate is taken", async () => {
  const signed = await mesh.sign(text);
  const [leaf = ""] = signed.chain.split("-----END CERTIFICATE-----\n");
  const der = fromBase64(leaf.replace("-----BEGIN CERTIFICATE-----", "").replaceAll("\n", ""));
  const chainOf = (bytes: Uint8Array): string =>
    `-----BEGIN CERTIFICATE-----\n${toBase64(bytes)}\n-----END CERTIFICATE-----\n`;
  const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
    bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  const check = async (change: Partial<typeof signed>): Promise<string> =>
    await codeOfWork(verifySignedKeys({ ...signed, ...change }, trust));
  const parts = {
    statement: fromBase64(signed.statement),
    signature: fromBase64(signed.signature),
  };
  for (const [name, bytes] of Object.entries(parts)) {
    for (let bit = 0; bit < bytes.length * 8; bit += 17) {
      const code = await check({ [name]: toBase64(flipped(bytes, bit)) });
      expect(code).toBe("KEYS_SIGNATURE_INVALID");
    }
  }
  for (let bit = 0; bit < der.length * 8; bit += 37) {
    expect(await check({ chain: chainOf(flipped(der, bit)) })).toBe("KEYS_CERTIFICATE_INVALID");
  }
});

test("a signed statement that is malformed is KEYS_MALFORMED", async () => {
  for (const wrong of ["{}", `${text} {}`, new Uint8Array([0xff, 0xfe])]) {
    const work = verifySignedKeys(await mesh.sign(wrong), trust);
    expect(await codeOfWork(work)).toBe("KEYS_MALFORMED");
  }
  const signed = await mesh.sign(text);
  for (const change of [
    { statement: signed.statement.slice(1) },
    { statement: "A".repeat(24 * 1024 + 4) },
    { signature: `${signed.signature}\n` },
    { signature: "A".repeat(164) },
  ]) {
    const work = verifySignedKeys({ ...signed, ...change }, trust);
    expect(await codeOfWork(work)).toBe("KEYS_MALFORMED");
  }
});

test("a list of statements is read as it was written, and nothing else is", async () => {
  const signed = await mesh.sign(text);
  const list = [signed, await mesh.sign(text)];
  expect(parseSignedKeysList(encodeSignedKeysList(list))).toEqual(list);
  for (const wrong of [
    encodeSignedKeysList([]),
    encodeSignedKeysList(Array.from({ length: 17 }, () => signed)),
    JSON.stringify({ keys: [{ ...signed, more: 1 }] }),
    JSON.stringify({ keys: [{ ...signed, chain: 1 }] }),
    JSON.stringify({ keys: signed }),
    JSON.stringify([signed]),
    "{",
  ]) {
    expect(codeOf(() => parseSignedKeysList(wrong))).toBe("KEYS_MALFORMED");
  }
});
