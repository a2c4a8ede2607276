import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAppConfig, readAppConfig } from "./app-config.ts";
import { ImageError } from "./error.ts";
import { configOf } from "./testing/fixture-app.ts";

const invalid = expect.objectContaining({ name: "ImageError", code: "APP_CONFIG_INVALID" });

describe("enclave.json", () => {
  test("needs no more than an entry and two numbers", () => {
    const text = JSON.stringify({
      images: { web: { entry: "src/main.ts", productId: 4, securityVersion: 1 } },
    });
    expect(parseAppConfig(text).images.get("web")).toEqual({
      kind: "marble",
      entry: "src/main.ts",
      productId: 4,
      securityVersion: 1,
      debug: false,
      define: {},
      env: {},
      execArgv: [],
    });
  });

  test.each([
    ["text that is no json", "{"],
    ["no images", "{}"],
    ["a member that is not known", configOf({ typo: 1 })],
    ["an entry outside of the app", configOf({ entry: "../main.ts" })],
    ["an entry that climbs out", configOf({ entry: "src/../../main.ts" })],
    ["an absolute entry", configOf({ entry: "/etc/passwd" })],
    ["a product id of 17 bits", configOf({ productId: 65_536 })],
    ["a fractional security version", configOf({ securityVersion: 1.5 })],
    ["assets outside of the app", configOf({ assets: { dir: ".." } })],
    ["a command with a path", configOf({ assets: { dir: "a", command: ["../../bin/sh"] } })],
    ["a name with a slash", '{"images":{"a/b":{"entry":"a","productId":1,"securityVersion":1}}}'],
  ])("with %s is refused with APP_CONFIG_INVALID", (_, text) => {
    expect(() => parseAppConfig(text)).toThrow(invalid);
  });

  test("any text gives images or APP_CONFIG_INVALID", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseAppConfig(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
          expect(error).toMatchObject({ code: "APP_CONFIG_INVALID" });
        }
      }),
    );
  });

  test("that is missing is refused with APP_CONFIG_INVALID", async () => {
    await expect(readAppConfig("/nowhere")).rejects.toEqual(invalid);
  });
});
