import { utf8 } from "@carrara/encoding";
import { describe, expect, test } from "vitest";
import type { Action } from "./actions.ts";
import { parseManifest } from "./manifest.ts";
import { isGranted, permissionsOf } from "./permissions.ts";
import { codeOf } from "./testing/code-of.ts";

const manifest = parseManifest(
  utf8(
    JSON.stringify({
      Roles: {
        read: { ResourceType: "Secrets", ResourceNames: ["a", "b"], Actions: ["ReadSecret"] },
        both: {
          ResourceType: "Secrets",
          ResourceNames: ["c"],
          Actions: ["readsecret", "WRITESECRET"],
        },
        raise: {
          ResourceType: "Packages",
          ResourceNames: ["p"],
          Actions: ["UpdateSecurityVersion"],
        },
        update: { ResourceType: "Manifest", Actions: ["UpdateManifest"] },
        wrong: { ResourceType: "Packages", Actions: ["ReadSecret"] },
      },
    }),
  ),
);
const all = permissionsOf(manifest, { roles: ["read", "both", "raise", "update"] });

describe("permissions", () => {
  test.each<[Action, string[], boolean]>([
    ["readsecret", ["a", "b", "c"], true],
    ["readsecret", ["a", "d"], false],
    ["writesecret", ["c"], true],
    ["writesecret", ["a"], false],
    ["updatesecurityversion", ["p"], true],
    ["updatesecurityversion", ["p", "q"], false],
    ["updatesecurityversion", [], true],
    ["updatemanifest", [], true],
    ["updatemanifest", ["p"], false],
  ])("%s on %j is granted: %s", (action, resources, granted) => {
    expect(isGranted(all, action, resources)).toBe(granted);
  });

  test("an action no role has is not granted, not even on nothing", () => {
    const none = permissionsOf(manifest, { roles: ["read"] });
    expect(isGranted(none, "updatemanifest", [])).toBe(false);
    expect(isGranted(permissionsOf(manifest, { roles: [] }), "readsecret", [])).toBe(false);
  });

  test("an unknown role or a wrong action is refused", () => {
    expect(codeOf(() => permissionsOf(manifest, { roles: ["x"] }))).toBe(
      "MANIFEST_USER_ROLE_UNKNOWN",
    );
    expect(codeOf(() => permissionsOf(manifest, { roles: ["wrong"] }))).toBe(
      "MANIFEST_ROLE_ACTION",
    );
  });
});
