import { expect, test } from "vitest";
import { CoordinatorError } from "../error.ts";
import { canonicalUuid } from "./uuid.ts";

const CANONICAL = "f6b2414a-ec07-47ab-a5eb-afe399dae79e";

test.each([
  CANONICAL,
  CANONICAL.toUpperCase(),
  `urn:uuid:${CANONICAL}`,
  `{${CANONICAL}}`,
  CANONICAL.replaceAll("-", ""),
])("reads %s in canonical form", (text) => {
  expect(canonicalUuid(text)).toBe(CANONICAL);
});

test.each([
  "",
  "f6b2414a",
  `{${CANONICAL}`,
  `{urn:uuid:${CANONICAL}}`,
  `${CANONICAL} `,
  CANONICAL.replace("f", "g"),
  `{${CANONICAL.replaceAll("-", "")}}`,
])("refuses %j with UUID_INVALID", (text) => {
  expect(() => canonicalUuid(text)).toThrow(
    expect.objectContaining({ name: CoordinatorError.name, code: "UUID_INVALID" }),
  );
});
