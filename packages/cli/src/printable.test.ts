import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printable, printableLines } from "./printable.ts";

describe("printable text", () => {
  test.each([
    ["plain text, ünïcödé and 🙂 stay", "a, ü 🙂", "a, ü 🙂"],
    ["an escape sequence is spelled out", "\x1b[31mred", "\\u001b[31mred"],
    ["so are C1 controls, which terminals obey too", "\x9b2J", "\\u009b2J"],
    ["and new lines", "a\r\nb", "a\\u000d\\u000ab"],
    ["and marks that reverse text", "\u202egnp.exe", "\\u202egnp.exe"],
    ["and invisible ones", "a\u200bb\ufeff", "a\\u200bb\\ufeff"],
    ["and halves of pairs", "\ud83d!", "\\ud83d!"],
  ])("%s", (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  test("may keep its lines", () => {
    expect(printableLines("a\n\tb\r\n")).toBe("a\n\\u0009b\\u000d\n");
  });

  test("is well formed, has no control in it, and stays as it is", () => {
    const units = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(units, (text) => {
        const shown = printable(text);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
        expect(printable(shown)).toBe(shown);
      }),
    );
  });

  test("leaves JSON the same document", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(JSON.parse(printable(JSON.stringify({ [text]: text })))).toEqual({ [text]: text });
      }),
    );
  });
});
