import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choiceOfBody, choiceOfForm, choiceOfTarget } from "./vote-choice.ts";

describe("the choice of a form", () => {
  test.each([
    ["choice=:joy:", ":joy:"],
    ["choice=%3Ajoy%3A", ":joy:"],
    ["a=1&choice=x&choice=y", "x"],
    ["choice=a+b", "a b"],
    ["choice", ""],
    ["choice=", ""],
    ["ch%6Fice=x", "x"],
    ["choice=a;b&choice=c", "c"],
    ["choice=%zz&choice=c", "c"],
    ["choice=%", undefined],
    ["Choice=x", undefined],
    ["", undefined],
    ["choice=%F0%9F%98%82", "😂"],
    ["choice=%ff", "\ufffd"],
  ])("%j is %j", (text, choice) => {
    expect(choiceOfForm(text)).toBe(choice);
  });

  test("is what URLSearchParams wrote", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (choice) => {
        expect(choiceOfForm(new URLSearchParams({ choice }).toString())).toBe(choice);
      }),
    );
  });

  test("comes from any text without an error", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        choiceOfForm(text);
      }),
    );
  });

  test("of a target is looked for behind the first question mark", () => {
    expect(choiceOfTarget("/api/vote?choice=a?b")).toBe("a?b");
    expect(choiceOfTarget("/api/vote")).toBeUndefined();
  });
});

describe("the choice of a body", () => {
  const multipart =
    '--b\r\nContent-Disposition: form-data; name="choice"\r\n\r\n:joy:\r\n--b--\r\n';
  test.each([
    ["application/x-www-form-urlencoded", "choice=:joy:", ":joy:"],
    ["Application/X-WWW-Form-Urlencoded; charset=utf-8", "choice=:joy:", ":joy:"],
    ["multipart/form-data; boundary=b", multipart, ":joy:"],
    ["multipart/form-data; boundary=b", "--b\r\nbroken", undefined],
    ["multipart/form-data", multipart, undefined],
    ["application/json", '{"choice":":joy:"}', undefined],
    [undefined, "choice=:joy:", undefined],
  ])("of type %j with %j is %j", async (type, body, choice) => {
    expect(await choiceOfBody(type, Buffer.from(body))).toBe(choice);
  });
});
