import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type GoDecoder, readGoJson } from "./go-json.ts";
import { encodeGoJson, type GoJsonValue } from "./go-json-encode.ts";
import { secretDecoder, secretJson, userSecretDecoder, userSecretJson } from "./secret-json.ts";
import { codeOf } from "./testing/code-of.ts";

const bytes = fc.option(fc.uint8Array({ maxLength: 9 }), { nil: undefined });
const secret = fc.record({
  type: fc.string(),
  size: fc.nat(),
  shared: fc.boolean(),
  userDefined: fc.boolean(),
  cert: bytes,
  validFor: fc.nat(),
  private: bytes,
  public: bytes,
});
const userSecret = fc.record({ cert: bytes, private: bytes, key: bytes });

function reread<T>(json: GoJsonValue, decoder: GoDecoder<T>): T {
  return readGoJson(utf8(encodeGoJson(json)), decoder, "whole");
}

describe("a secret", () => {
  test("has the fields of section 2.6, absent bytes as null", () => {
    const value = {
      type: "symmetric-key",
      size: 16,
      shared: true,
      userDefined: false,
      validFor: 0,
    };
    const key = Uint8Array.of(0, 1);
    expect(encodeGoJson(secretJson({ ...value, private: key, public: key }))).toBe(
      '{"Type":"symmetric-key","Size":16,"Shared":true,"UserDefined":false,"Cert":null,"ValidFor":0,"Private":"AAE=","Public":"AAE="}',
    );
  });

  test("comes back as it was written", () => {
    fc.assert(
      fc.property(secret, (value) => {
        expect(reread(secretJson(value), secretDecoder)).toEqual(value);
      }),
    );
  });
});

describe("an uploaded value", () => {
  test("has the fields of section 2.6", () => {
    expect(encodeGoJson(userSecretJson({ key: Uint8Array.of(1) }))).toBe(
      '{"Cert":null,"Private":null,"Key":"AQ=="}',
    );
  });

  test("comes back as it was written", () => {
    fc.assert(
      fc.property(userSecret, (value) => {
        expect(reread(userSecretJson(value), userSecretDecoder)).toEqual(value);
      }),
    );
  });
});

test("any bytes are a secret and an uploaded value, or refused with a code", () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), (input) => {
      for (const read of [
        () => readGoJson(input, secretDecoder, "whole"),
        () => readGoJson(input, userSecretDecoder, "whole"),
      ]) {
        expect(codeOf(read)).toMatch(/^JSON_|^none$/);
      }
    }),
  );
});
