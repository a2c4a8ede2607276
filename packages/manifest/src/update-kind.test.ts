import { utf8 } from "@carrara/encoding";
import { expect, test } from "vitest";
import { parseManifest } from "./manifest.ts";
import { kindOfUpdate } from "./update-kind.ts";

test.each([
  ['{"Packages":{"p":{"SecurityVersion":2}}}', "package"],
  ['{"Packages":{"p":{}},"Config":{"RotateRootSecret":true},"Marbles":{},"Users":null}', "package"],
  ["{}", "package"],
  ...["Infrastructures", "Marbles", "Users", "Roles", "Secrets", "TLS"].map((section) => [
    `{"Packages":{"p":{}},"${section}":{"x":{}}}`,
    "full",
  ]),
  ['{"RecoveryKeys":{"x":""}}', "full"],
])("%s is a %s update", (manifest, kind) => {
  expect(kindOfUpdate(parseManifest(utf8(manifest)))).toBe(kind);
});
