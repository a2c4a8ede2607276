import { utf8 } from "@carrara/encoding";
import { parseManifest } from "@carrara/manifest";
import { expect, test } from "vitest";
import { CoordinatorError } from "../error.ts";
import { checkManifest } from "./check-manifest.ts";

const MANIFEST = {
  Packages: { p: { UniqueID: "aa" } },
  Marbles: { m: { Package: "p" } },
};
/** What the gate wants to know, so that its own check has nothing to say. */
const ENVIRONMENT: Readonly<Record<string, string>> = new Proxy({}, { get: () => "set" });

test("a manifest that keeps the rules is good", () => {
  const manifest = parseManifest(utf8(JSON.stringify(MANIFEST)));
  expect(checkManifest(manifest, { environment: {} })).toEqual([]);
});

test("one that asks for sealing with an HSM is refused, since it would silently not happen", () => {
  const gated = { ...MANIFEST, Config: { FeatureGates: ["AzureHSMSealing"] } };
  const manifest = parseManifest(utf8(JSON.stringify(gated)));
  expect(() => checkManifest(manifest, { environment: ENVIRONMENT })).toThrow(
    expect.objectContaining({ constructor: CoordinatorError, code: "NOT_AVAILABLE" }),
  );
});
