import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeAuditFile, parseAuditFile } from "./audit-file.ts";
import { encodeOpening, parseOpening } from "./opening.ts";
import { encodeSignedKeysList, parseSignedKeysList } from "./signed-keys.ts";
import { encodeTally, parseTally } from "./tally.ts";
import { codeOf } from "./testing/code-of.ts";

const root = new Uint8Array(32).fill(1);
const bytes = { opening: root, commitment: root };
const keys = { statement: "AAAA", signature: "AAAA", chain: "PEM" };
const tally = { origin: "log", size: 3, root, counted: 2, superseded: 1 };

/** A reader of text, something that it reads, and the codes that it refuses with. */
const FORMATS: readonly [string, string, (text: string) => string, RegExp][] = [
  [
    "opening",
    encodeOpening({ poll: "p", choice: 258, ...bytes }),
    (text) => encodeOpening(parseOpening(text)),
    /^OPENING_MALFORMED$/,
  ],
  [
    "audit file",
    encodeAuditFile({ older: "a", newer: "b", consistency: [root], tally: "c" }),
    (text) => encodeAuditFile(parseAuditFile(text)),
    /^AUDIT_MALFORMED$/,
  ],
  [
    "list of keys",
    encodeSignedKeysList([keys, keys]),
    (text) => encodeSignedKeysList(parseSignedKeysList(text)),
    /^KEYS_MALFORMED$/,
  ],
  [
    "tally",
    encodeTally({ ...tally, votes: [{ choice: 5, votes: 2 }] }),
    (text) => encodeTally(parseTally(text)),
    /^TALLY_(?:MALFORMED|INCONSISTENT)$/,
  ],
];

test.each(FORMATS)("any text is a value or its own code: %s", (_, good, rewrite, codes) => {
  expect(rewrite(good)).toBe(good);
  const edit = fc
    .tuple(fc.nat(good.length), fc.nat(4), fc.string({ maxLength: 3 }))
    .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), edit, edit), (text) => {
      const code = codeOf(() => rewrite(text));
      if (code === "none") expect(rewrite(rewrite(text))).toBe(rewrite(text));
      else expect(code).toMatch(codes);
    }),
    { numRuns: 1000 },
  );
});
