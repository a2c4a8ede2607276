import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { keysStatementMessage, logKeyOf, parseKeysStatement } from "@carrara/ballot";
import { describe, expect, test } from "vitest";
import { createBallotOpener } from "../sealed/ballot-opener.ts";
import { createKeysSigner } from "./signed-keys.ts";

const statement = {
  poll: "test",
  hpkeKeys: [Uint8Array.from(createBallotOpener("test").publicKey)],
  logKey: logKeyOf("test", new Uint8Array(32).fill(1)),
  rules: {
    opens: undefined,
    closes: undefined,
    revote: "unlimited",
    interimResults: "shown",
  },
  witnesses: [],
} as const;

const pemOf = (namedCurve: string): string =>
  generateKeyPairSync("ec", { namedCurve })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();

describe("the keys statement", () => {
  test.each([
    ["P-256", "sha256"],
    ["P-384", "sha384"],
  ])("is signed by the certificate's key on %s with %s", (curve, digest) => {
    const key = pemOf(curve);
    const env = {
      MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: "chain",
      MARBLE_PREDEFINED_PRIVATE_KEY: key,
    };
    const signed = createKeysSigner(statement, env).current();
    const bytes = Buffer.from(signed?.statement ?? "", "base64");
    const signature = Buffer.from(signed?.signature ?? "", "base64");
    expect(verify(digest, keysStatementMessage(bytes), createPublicKey(key), signature)).toBe(true);
    expect(parseKeysStatement(bytes.toString())).toEqual(statement);
    expect(signed?.chain).toBe("chain");
  });

  test("is signed anew when the runtime has renewed the certificate, and only then", () => {
    const env: Record<string, string> = {
      MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: "one",
      MARBLE_PREDEFINED_PRIVATE_KEY: pemOf("P-384"),
    };
    const signer = createKeysSigner(statement, env);
    const first = signer.current();
    expect(signer.current()).toBe(first);
    env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"] = "two";
    env["MARBLE_PREDEFINED_PRIVATE_KEY"] = pemOf("P-384");
    const second = signer.current();
    expect(second?.chain).toBe("two");
    expect(second?.signature).not.toBe(first?.signature);
  });

  test("is not told where no certificate vouches for it", () => {
    expect(createKeysSigner(statement, {}).current()).toBeUndefined();
  });

  test.each(["no key", pemOf("secp256k1")])("is refused with another key", (key) => {
    const env = {
      MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN: "chain",
      MARBLE_PREDEFINED_PRIVATE_KEY: key,
    };
    expect(() => createKeysSigner(statement, env).current()).toThrow(
      expect.objectContaining({ name: "EmojivotoError", code: "CERTIFICATE_INVALID" }),
    );
  });
});
