import { toBase64, utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClientError } from "./error.ts";
import { parseEraConfig } from "./expected-identity.ts";

const ID = "ab".repeat(32);

describe("parseEraConfig", () => {
  test("reads every field", () => {
    const file = {
      UniqueID: ID.toUpperCase(),
      SignerID: ID,
      SecurityVersion: 2,
      ProductID: 3,
      Debug: true,
      AcceptedTCBStatuses: ["UpToDate"],
      AcceptedAdvisories: ["INTEL-SA-1"],
      Nonce: toBase64(utf8("n")),
    };
    expect(parseEraConfig(utf8(JSON.stringify(file)))).toEqual({
      identity: {
        uniqueId: new Uint8Array(32).fill(0xab),
        signerId: new Uint8Array(32).fill(0xab),
        productId: 3,
        securityVersion: 2,
        debug: true,
      },
      acceptedTcbStatuses: ["UpToDate"],
      acceptedAdvisories: ["INTEL-SA-1"],
      nonce: utf8("n"),
    });
  });

  test("leaves out what the file leaves out, and ignores keys it does not know", () => {
    expect(parseEraConfig(utf8('{"securityversion":1,"PRODUCTID":3,"Extra":[]}'))).toEqual({
      identity: { productId: 3, securityVersion: 1, debug: false },
      acceptedTcbStatuses: undefined,
      acceptedAdvisories: undefined,
      nonce: undefined,
    });
  });

  test.each([
    ["no JSON", "UniqueID"],
    ["text after the JSON", "{} {}"],
    ["a short digest", '{"UniqueID":"abcd"}'],
    ["a digest that is no hex", `{"SignerID":"${"zz".repeat(32)}"}`],
    ["a negative version", '{"SecurityVersion":-1}'],
    ["a product id above 16 bits", '{"ProductID":65536}'],
    ["a nonce that is no base64", '{"Nonce":"?"}'],
    ["a request to skip verification", '{"InsecureSkipVerify":true}'],
  ])("refuses %s with ERA_CONFIG_INVALID", (_, text) => {
    expect(() => parseEraConfig(utf8(text))).toThrow(
      expect.objectContaining({ name: "ClientError", code: "ERA_CONFIG_INVALID" }),
    );
  });

  test("gives a value or ClientError for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        try {
          parseEraConfig(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ClientError);
        }
      }),
    );
  });
});
