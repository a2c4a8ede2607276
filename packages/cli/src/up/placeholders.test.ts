import { expect, test } from "vitest";
import { fillPlaceholders } from "./placeholders.ts";

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
