import { fromHex, toBase64, toHex, utf8 } from "@carrara/encoding";
import { createVerifierKey, encodeVerifierKey, sha256 } from "@carrara/transparency";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyIdOf } from "./hpke-key.ts";
import {
  encodeKeysStatement,
  type KeysStatement,
  keysStatementMessage,
  parseKeysStatement,
} from "./keys-statement.ts";
import { logKeyOf } from "./log-key.ts";
import { parseUtcTime } from "./poll-rules.ts";
import { codeOf } from "./testing/code-of.ts";

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const time = fc.date({
  min: new Date("1970-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59Z"),
  noInvalidDate: true,
});
const statements: fc.Arbitrary<KeysStatement> = fc
  .record({
    poll: fc.stringMatching(/^[a-z0-9.-]{1,64}$/),
    hpkeKeys: fc.array(bytes(32), { minLength: 1, maxLength: 16 }),
    log: bytes(32),
    times: fc.option(fc.tuple(time, fc.integer({ min: 1, max: 1e9 })), { nil: undefined }),
    revote: fc.constantFrom("unlimited" as const, "last" as const, "once" as const),
    interimResults: fc.constantFrom("shown" as const, "hidden" as const),
    witnesses: fc.uniqueArray(fc.nat(1000), { maxLength: 16 }),
  })
  .map(({ poll, hpkeKeys, log, times, revote, interimResults, witnesses }) => ({
    poll,
    hpkeKeys,
    logKey: logKeyOf(poll, log),
    rules: {
      opens: times?.[0],
      closes: times && new Date(Math.min(times[0].getTime() + times[1], 253_402_300_799_999)),
      revote,
      interimResults,
    },
    witnesses: witnesses.map((n) => createVerifierKey(`w${n}.example`, "cosignature", log)),
  }));

test("decoding undoes encoding, for statements", () => {
  fc.assert(
    fc.property(statements, (statement) => {
      expect(parseKeysStatement(encodeKeysStatement(statement))).toEqual(statement);
    }),
  );
});

const publicKey = new Uint8Array(32).fill(7);
const good = {
  type: "carrara.ballot.keys.v1",
  poll: "emojivoto",
  hpkeKeys: [{ id: toHex(keyIdOf(publicKey)), publicKey: toBase64(publicKey) }],
  logKey: encodeVerifierKey(logKeyOf("emojivoto", new Uint8Array(32).fill(1))),
  rules: { opens: null, closes: null, revote: "unlimited", interimResults: "shown" },
  witnesses: [encodeVerifierKey(createVerifierKey("w", "cosignature", new Uint8Array(32)))],
};
const [hpkeKey] = good.hpkeKeys;
const [witness = ""] = good.witnesses;
/** As a statement had it when ballots were sealed to P-256. */
const point = Uint8Array.from([4, ...new Uint8Array(64).fill(7)]);
const pointId = toHex(sha256(point)).slice(0, 16);

test("the statement of the design is read, in any order and layout", () => {
  const statement = parseKeysStatement(JSON.stringify(good, null, 2));
  expect(JSON.parse(encodeKeysStatement(statement))).toEqual(good);
  const reversed = Object.fromEntries(Object.entries(good).reverse());
  expect(parseKeysStatement(JSON.stringify(reversed))).toEqual(statement);
});

test.each<[string, object]>([
  ["another type", { type: "carrara.ballot.keys.v2" }],
  ["an unknown member", { more: 1 }],
  ["an own member named __proto__", JSON.parse('{"__proto__":1}') as object],
  ["a missing member", { witnesses: undefined }],
  ["a poll that is none", { poll: "Emoji Voto" }],
  ["no keys", { hpkeKeys: [] }],
  ["17 keys", { hpkeKeys: Array.from({ length: 17 }, () => hpkeKey) }],
  ["an object for the keys", { hpkeKeys: { 0: hpkeKey } }],
  ["a key that is null", { hpkeKeys: [null] }],
  ["a key with an unknown member", { hpkeKeys: [{ ...hpkeKey, use: "x" }] }],
  ["another key's id", { hpkeKeys: [{ ...hpkeKey, id: "0000000000000000" }] }],
  ["an upper-case id", { hpkeKeys: [{ ...hpkeKey, id: hpkeKey?.id.toUpperCase() }] }],
  ["a short key", { hpkeKeys: [{ ...hpkeKey, publicKey: "AAAA" }] }],
  ["a point on P-256 for a key", { hpkeKeys: [{ id: pointId, publicKey: toBase64(point) }] }],
  ["a log key that is none", { logKey: "x" }],
  ["another poll's log key", { logKey: good.logKey, poll: "another" }],
  ["a witness for the log", { logKey: witness }],
  ["a log for a witness", { witnesses: [good.logKey] }],
  ["a witness twice", { witnesses: [witness, witness] }],
  ["17 witnesses", { witnesses: Array.from({ length: 17 }, () => witness) }],
  ["a witness that is a number", { witnesses: [1] }],
  ["rules that are missing", { rules: null }],
  ["a rule that is not known", { rules: { ...good.rules, more: 1 } }],
  ["a rule missing", { rules: { ...good.rules, opens: undefined } }],
  ["a revote that is not known", { rules: { ...good.rules, revote: "twice" } }],
  ["interim results that are not known", { rules: { ...good.rules, interimResults: true } }],
  ["a time that is none", { rules: { ...good.rules, opens: "tomorrow" } }],
  [
    "an end before its beginning",
    { rules: { ...good.rules, opens: "2026-12-02T00:00:00Z", closes: "2026-12-01T00:00:00Z" } },
  ],
  ["over 16 KiB", { poll: "x".repeat(16 * 1024) }],
])("a statement with %s is KEYS_MALFORMED", (_, change) => {
  const text = JSON.stringify({ ...good, ...change });
  expect(codeOf(() => parseKeysStatement(text))).toBe("KEYS_MALFORMED");
});

describe("a member that is there twice is KEYS_MALFORMED", () => {
  const text = JSON.stringify(good);
  test.each([
    ["at the top", text.replace("{", '{"poll":"emojivoto",')],
    ["with another spelling", text.replace("{", '{"\\u0070oll":"emojivoto",')],
    ["with space before the colon", text.replace("{", '{"poll" \n :"emojivoto",')],
    ["in a key", text.replace('{"id"', '{"id":"0000000000000000","id"')],
    ["in the rules", text.replace('"revote"', '"revote":"once","revote"')],
  ])("%s", (_, twice) => {
    expect(() => JSON.parse(twice) as unknown).not.toThrow();
    expect(codeOf(() => parseKeysStatement(twice))).toBe("KEYS_MALFORMED");
  });
});

test("any text is a statement or KEYS_MALFORMED, however deep it nests", () => {
  const text = JSON.stringify(good);
  const edit = fc
    .tuple(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 4 }))
    .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), edit), (input) => {
      expect(["none", "KEYS_MALFORMED"]).toContain(codeOf(() => parseKeysStatement(input)));
    }),
    { numRuns: 1000 },
  );
  const deep = "[".repeat(8000) + "]".repeat(8000);
  expect(codeOf(() => parseKeysStatement(deep))).toBe("KEYS_MALFORMED");
  expect(codeOf(() => parseKeysStatement("[".repeat(16_000)))).toBe("KEYS_MALFORMED");
});

test("times are RFC 3339 in UTC, and days that exist", () => {
  for (const text of ["2026-12-01T00:00:00Z", "2024-02-29T23:59:59.125Z", "1970-01-01T00:00:00Z"]) {
    expect(parseUtcTime(text)?.getTime()).toBe(Date.parse(text));
  }
  for (const text of [
    "",
    "2026-12-01",
    "2026-12-01T00:00:00",
    "2026-12-01T00:00:00+00:00",
    "2026-12-01T00:00:00.000Z",
    "2026-12-01t00:00:00z",
    "2026-02-30T00:00:00Z",
    "2026-12-01T24:00:00Z",
    "2026-12-01T00:00:60Z",
    "2026-13-01T00:00:00Z",
    "+02026-12-01T00:00:00Z",
  ]) {
    expect(parseUtcTime(text)).toBeUndefined();
  }
});

test("what is signed is the label, a zero byte and the statement", () => {
  const message = keysStatementMessage(utf8("{}"));
  expect(toHex(message)).toBe(`${toHex(utf8("carrara ballot keys v1"))}007b7d`);
  expect(message.subarray(-2)).toEqual(fromHex("7b7d"));
});
