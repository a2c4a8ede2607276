import { describe, expect, test } from "vitest";
import { fillPlaceholders, pinByMeasurement } from "./placeholders.ts";

const images = new Map([
  ["voting-svc", { UniqueID: "aa", SignerID: "bb" }],
  ["web", { UniqueID: "cc", SignerID: "dd" }],
]);

test("fills signers and unique ids of built images and nothing else", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the manifest's own placeholders
  const manifest = '{"a":"${voting-svc.SignerID}","b":"${web.UniqueID}","c":"{{ hex .X }} $web"}';
  expect(fillPlaceholders(manifest, images)).toBe('{"a":"bb","b":"cc","c":"{{ hex .X }} $web"}');
});

test.each(["shop.SignerID", "web.ProductID", "web.signerid"])(
  "refuses %s with PLACEHOLDER_UNKNOWN",
  (name) => {
    expect(() => fillPlaceholders(`\${${name}}`, images)).toThrow(
      expect.objectContaining({ name: "CliError", code: "PLACEHOLDER_UNKNOWN" }),
    );
  },
);

describe("on a TEE that proves no signer", () => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the manifest's own placeholders
  test("packages of built images are named by measurement, others stay", () => {
    const manifest = JSON.stringify({
      Packages: {
        web: { SignerID: "${web.SignerID}", ProductID: 4, SecurityVersion: 1, Debug: false },
        own: { UniqueID: "${web.UniqueID}" },
        foreign: { SignerID: "aabb", ProductID: 1, SecurityVersion: 1 },
      },
      Marbles: { m: { Package: "web" } },
    });
    expect(JSON.parse(pinByMeasurement(manifest))).toEqual({
      Packages: {
        web: { UniqueID: "${web.UniqueID}", Debug: false },
        own: { UniqueID: "${web.UniqueID}" },
        foreign: { SignerID: "aabb", ProductID: 1, SecurityVersion: 1 },
      },
      Marbles: { m: { Package: "web" } },
    });
  });

  test("a signer that cannot be filled in is refused", () => {
    const td = new Map([["web", { UniqueID: "cc" }]]);
    expect(() => fillPlaceholders("${web.SignerID}", td)).toThrow(
      expect.objectContaining({ code: "PLACEHOLDER_UNKNOWN" }),
    );
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the manifest's own placeholders

  test.each(["", "{", "[]", '{"Packages":[]}', '{"Packages":{"p":1}}'])(
    "%j stays as it is",
    (text) => {
      const compact = (json: string): string => json.replace(/\s/g, "");
      expect(compact(pinByMeasurement(text))).toBe(text);
    },
  );
});
