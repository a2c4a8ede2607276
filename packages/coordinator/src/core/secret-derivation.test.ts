import { toHex } from "@carrara/encoding";
import { expect, test } from "vitest";
import { deriveMarbleKey } from "./secret-derivation.ts";

const rootSecret = Uint8Array.from({ length: 32 }, (_, i) => i);
const uuid = "f6b2414a-ec07-47ab-a5eb-afe399dae79e";

// Vectors of spec marblerun section 6.1.
test.each([
  [
    "symmetricKeyPrivate",
    "backendFirst",
    32,
    "8342d0d9983a5aff4613248f42d0ab098327098eac4437de6573834d01d2d96d",
  ],
  [
    "symmetricKeyPrivate",
    "",
    32,
    "6422a56ef125b1c5494627504ae5adf0ad2efa55d558fa4aebbe148a7cba4f2f",
  ],
  ["k", "m", 16, "8d0e14609a458108dcd3ff2488182136"],
])("derives %s for type %j", (name, marbleType, lengthBytes, expected) => {
  const key = deriveMarbleKey({ rootSecret, uuid, name, marbleType, lengthBytes });
  expect(toHex(key)).toBe(expected);
});

test.each([
  { lengthBytes: 8161, marbleType: "m" },
  { lengthBytes: 16, marbleType: "m".repeat(1025) },
])("refuses what HKDF cannot give: $lengthBytes bytes", (input) => {
  expect(() => deriveMarbleKey({ rootSecret, uuid, name: "k", ...input })).toThrow(
    expect.objectContaining({ code: "SECRET_INVALID" }),
  );
});
