import { createPrivateKey, createPublicKey, hkdfSync, verify } from "node:crypto";
import { fromHex } from "@carrara/encoding";
import { expect, test } from "vitest";
import { deriveLedgerKeys } from "./ledger-keys.ts";

const KEY = new Uint8Array(32).fill(5);

test("the log key is Ed25519 with the seed of docs/design/ballot.md", () => {
  const keys = deriveLedgerKeys(KEY, "emojivoto");
  const info = "carrara ballot log key v1\0emojivoto";
  const seed = Buffer.from(hkdfSync("sha256", KEY, "", info, 32));
  // RFC 8410, 10.3: the seed within an OCTET STRING within PKCS#8.
  const der = Buffer.concat([fromHex("302e020100300506032b657004220420"), seed]);
  const spki = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  const raw = spki.export({ type: "spki", format: "der" }).subarray(-32);
  expect(Buffer.compare(raw, keys.logPublicKey)).toBe(0);
  const message = Buffer.from("a checkpoint");
  expect(verify(null, message, spki, keys.signLog(message))).toBe(true);
});

test("each kind, writer, poll and key has a sealing key of its own", () => {
  const writers = [new Uint8Array(16), new Uint8Array(16).fill(1)];
  const found = [KEY, KEY.slice().fill(6, 31)].flatMap((key) =>
    ["a", "b"].flatMap((poll) => {
      const keys = deriveLedgerKeys(key, poll);
      return (["group", "head", "volume"] as const).flatMap((kind) =>
        writers.map((writer) => keys.sealingKey(kind, writer).export().toString("hex")),
      );
    }),
  );
  expect(new Set(found).size).toBe(24);
});

test.each([
  ["a short key", new Uint8Array(31), "poll"],
  ["a long key", new Uint8Array(33), "poll"],
  ["no poll", KEY, ""],
  ["a poll with a space", KEY, "a b"],
  ["a poll of 65 characters", KEY, "a".repeat(65)],
])("%s is LEDGER_CONFIG_INVALID", (_, key, poll) => {
  expect(() => deriveLedgerKeys(key, poll)).toThrow(
    expect.objectContaining({ code: "LEDGER_CONFIG_INVALID" }),
  );
});
