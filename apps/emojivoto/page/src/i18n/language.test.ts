import { FINDING_SENTENCES, type FindingId } from "@carrara/client/evidence";
import { describe, expect, test } from "vitest";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { findingsDe } from "./findings-de.ts";
import { chooseLanguage, createWords } from "./language.tsx";
import { fill, type TextKey } from "./messages.ts";

/** Names in braces, in any order. */
function placeholders(text: string): readonly string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name).sort();
}

describe("the catalogues", () => {
  test("have the same texts with the same values in every language", () => {
    expect(Object.keys(de)).toEqual(Object.keys(en));
    for (const key of Object.keys(en) as TextKey[]) {
      expect(placeholders(de[key]), key).toEqual(placeholders(en[key]));
    }
  });

  test("translate every sentence of the verifier with its values", () => {
    expect(Object.keys(findingsDe).sort()).toEqual(Object.keys(FINDING_SENTENCES).sort());
    for (const id of Object.keys(FINDING_SENTENCES) as FindingId[]) {
      expect(placeholders(findingsDe[id]), id).toEqual(placeholders(FINDING_SENTENCES[id]));
    }
  });

  test("leave unknown values as they stand", () => {
    expect(fill("{a} and {b}", { a: 1 })).toBe("1 and {b}");
  });
});

test.each([
  ["de", ["en"], "de"],
  [undefined, ["de-AT", "en"], "de"],
  [undefined, ["fr", "de"], "de"],
  [undefined, ["fr"], "en"],
  ["fr", ["EN-GB"], "en"],
  ["constructor", [], "en"],
])("with %s stored and %j wanted the page speaks %s", (stored, wanted, language) => {
  expect(chooseLanguage(stored, wanted)).toBe(language);
});

test("counts and numbers are written as the language has them", () => {
  const words = createWords("de", () => undefined);
  expect(words.count("board.votes", 1)).toBe("1 Stimme");
  expect(words.count("board.votes", 12_345)).toBe("12.345 Stimmen");
  expect(createWords("en", () => undefined).count("board.votes", 12_345)).toBe("12,345 votes");
  expect(words.time(new Date(Number.NaN))).toBe("?");
});
