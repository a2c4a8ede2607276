import { utf8 } from "@carrara/encoding";
import { ManifestError } from "@carrara/manifest";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodePendingUpdate,
  encodePendingUpdate,
  missingUsersOf,
  type PendingUpdate,
  progressMessage,
  withAcknowledgment,
} from "./pending-update.ts";

const pending: PendingUpdate = {
  manifestBytes: utf8("{}"),
  requiredUsers: new Map([
    ["carl", false],
    ["anna", true],
    ["bert", false],
  ]),
  missingAcknowledgments: 1,
};

describe("a pending update", () => {
  test("is stored as upstream stores it", () => {
    expect(new TextDecoder().decode(encodePendingUpdate(pending))).toBe(
      '{"manifestRaw":"e30=","requiredUsers":{"anna":true,"bert":false,"carl":false},"missingAcknowledgments":1}',
    );
  });

  test("of an older version counts the users who have not acknowledged", () => {
    const old = utf8('{"manifestRaw":"e30=","requiredUsers":{"a":true,"b":false,"c":false}}');
    expect(decodePendingUpdate(old).missingAcknowledgments).toBe(2);
  });

  test("reads back as itself", () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.dictionary(fc.string({ unit: "binary", maxLength: 20 }), fc.boolean(), { maxKeys: 5 }),
        fc.nat(),
        (manifestBytes, users, missingAcknowledgments) => {
          const requiredUsers = new Map(Object.entries(users));
          const made = { manifestBytes, requiredUsers, missingAcknowledgments };
          expect(decodePendingUpdate(encodePendingUpdate(made))).toEqual(made);
        },
      ),
    );
  });

  test("of any bytes is a value or ManifestError", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (bytes) => {
        try {
          decodePendingUpdate(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ManifestError);
        }
      }),
    );
  });

  test("misses, sorted, those who have not acknowledged", () => {
    expect(missingUsersOf(pending)).toEqual(["bert", "carl"]);
  });

  test.each<[string, number, readonly string[]]>([
    ["bert", 0, ["carl"]],
    ["anna", 1, ["bert", "carl"]],
    ["mallory", 1, ["bert", "carl"]],
  ])("acknowledged by %s misses %i and %j", (user, missing, users) => {
    const after = withAcknowledgment(pending, user);
    expect(after.missingAcknowledgments).toBe(missing);
    expect(missingUsersOf(after)).toEqual(users);
    expect(withAcknowledgment(after, user)).toEqual(after);
  });

  test.each([
    [0, "All users have acknowledged the update manifest. Update successfully applied"],
    [1, "1 user still needs to acknowledge the update manifest"],
    [2, "2 users still need to acknowledge the update manifest"],
  ])("with %i missing is told as %s", (missing, text) => {
    expect(progressMessage(missing)).toBe(text);
  });
});
