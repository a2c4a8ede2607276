import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import { codeOf } from "./testing/code-of.ts";

const ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

test("the checkpoint of the specification is read", () => {
  const text = `example.com/behind-the-sofa\n20852163\n${ROOT}\n`;
  const checkpoint = parseCheckpoint(text);
  expect(checkpoint).toMatchObject({ origin: "example.com/behind-the-sofa", size: 20_852_163 });
  expect(encodeCheckpoint(checkpoint)).toBe(text);
});

test("decoding undoes encoding, for checkpoints", () => {
  const lines = fc.stringMatching(/^[!-~][ -~é]{0,30}$/);
  const checkpoint = fc.record(
    {
      origin: lines,
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      extensions: fc.array(lines, { minLength: 1, maxLength: 3 }),
    },
    { requiredKeys: ["origin", "size", "root"] },
  );
  fc.assert(
    fc.property(checkpoint, (value) => {
      expect(parseCheckpoint(encodeCheckpoint(value))).toEqual(value);
    }),
  );
});

test.each([
  ["nothing", ""],
  ["an empty line alone", "\n"],
  ["no root", "o\n1\n"],
  ["no newline at the end", `o\n1\n${ROOT}`],
  ["an empty origin", `\n1\n${ROOT}\n`],
  ["an empty line", `o\n1\n${ROOT}\n\n`],
  ["a leading zero", `o\n01\n${ROOT}\n`],
  ["a sign", `o\n+1\n${ROOT}\n`],
  ["a negative size", `o\n-1\n${ROOT}\n`],
  ["a size of 2^53", `o\n9007199254740992\n${ROOT}\n`],
  ["an exponent", `o\n1e3\n${ROOT}\n`],
  ["a space behind the size", `o\n1 \n${ROOT}\n`],
  ["a carriage return", `o\r\n1\n${ROOT}\n`],
  ["a short root", `o\n1\nAAAA\n`],
  ["a root with unused bits", `o\n1\n${ROOT.replace("I=", "J=")}\n`],
  ["a root without padding", `o\n1\n${ROOT.slice(0, -1)}\n`],
  ["over 16 KiB", `${"o".repeat(16 * 1024)}\n1\n${ROOT}\n`],
])("a checkpoint with %s is CHECKPOINT_MALFORMED", (_, text) => {
  expect(codeOf(() => parseCheckpoint(text))).toBe("CHECKPOINT_MALFORMED");
});

test("any text is a checkpoint that encodes to it, or CHECKPOINT_MALFORMED", () => {
  const piece = fc.constantFrom("\n", "o", "1", "0", ROOT, " ", "\r");
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 9 }).map((p) => p.join("")),
  );
  fc.assert(
    fc.property(text, (note) => {
      const code = codeOf(() => expect(encodeCheckpoint(parseCheckpoint(note))).toBe(note));
      expect(["none", "CHECKPOINT_MALFORMED"]).toContain(code);
    }),
    { numRuns: 1000 },
  );
});

test("what no checkpoint can say is a mistake of the caller", () => {
  const good = { origin: "o", size: 1, root: new Uint8Array(32) };
  for (const wrong of [
    { origin: "" },
    { origin: "a\nb" },
    { size: -1 },
    { size: 0.5 },
    { size: 2 ** 53 },
    { root: new Uint8Array(31) },
    { extensions: [""] },
  ]) {
    expect(() => encodeCheckpoint({ ...good, ...wrong })).toThrow(TypeError);
  }
});
