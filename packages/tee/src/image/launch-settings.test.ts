import { utf8 } from "@carrara/encoding";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TeeError } from "../error.ts";
import { PLAIN_SETTINGS } from "../testing/signed-image.ts";
import { encodeLaunchSettings, isEnvAllowed, parseLaunchSettings } from "./launch-settings.ts";

const CANONICAL =
  '{"debug":false,"env":{},"envAllow":["CARRARA_*","EDG_*"],"execArgv":[],"productId":7,"securityVersion":3}';

describe("launch settings", () => {
  test("are canonical json", () => {
    const bytes = encodeLaunchSettings({
      ...PLAIN_SETTINGS,
      envAllow: ["EDG_*", "CARRARA_*", "EDG_*"],
    });
    expect(new TextDecoder().decode(bytes)).toBe(CANONICAL);
  });

  test("come back as they were encoded", () => {
    const name = fc.stringMatching(/^A[A-Z0-9_]{0,20}$/);
    const settings = fc.record({
      productId: fc.nat(65_535),
      securityVersion: fc.nat(65_535),
      debug: fc.boolean(),
      execArgv: fc.constantFrom(
        [],
        ["--no-warnings"],
        ["--max-old-space-size=512", "--heap-growing-percent=100"],
      ),
      envAllow: fc.uniqueArray(name, { maxLength: 5 }).map((names) => names.toSorted()),
      env: fc.dictionary(name, fc.string({ maxLength: 20 }), { noNullPrototype: true }),
    });
    fc.assert(
      fc.property(settings, (value) => {
        expect(parseLaunchSettings(encodeLaunchSettings(value))).toEqual(value);
      }),
    );
  });

  test("any text gives settings or IMAGE_MALFORMED", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json().map(utf8), fc.uint8Array()), (bytes) => {
        try {
          parseLaunchSettings(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TeeError);
          expect(error).toMatchObject({ code: "IMAGE_MALFORMED" });
        }
      }),
    );
  });

  test.each([
    ["white space", CANONICAL.replace(",", ", ")],
    ["another order", CANONICAL.replace('"debug":false,', "").replace("}}", "},'debug':false}")],
    ["a member that is not known", CANONICAL.replace("{", '{"a":1,')],
    ["a member twice", CANONICAL.replace("{", '{"debug":false,')],
    ["a byte order mark", `\uFEFF${CANONICAL}`],
    ["a product id of 17 bits", CANONICAL.replace(":7", ":65536")],
    ["an option that loads code", CANONICAL.replace("[]", '["--import=/tmp/x.mjs"]')],
    ["an option that opens an inspector", CANONICAL.replace("[]", '["--inspect"]')],
    ["every name allowed", CANONICAL.replace("EDG_*", "*")],
    ["NODE_OPTIONS allowed", CANONICAL.replace("EDG_*", "NODE_OPTIONS")],
    ["NODE_OPTIONS set", CANONICAL.replace('"env":{}', '"env":{"NODE_OPTIONS":"--inspect"}')],
    ["LD_PRELOAD set", CANONICAL.replace('"env":{}', '"env":{"LD_PRELOAD":"/tmp/x.so"}')],
  ])("with %s are refused with IMAGE_MALFORMED", (_, text) => {
    expect(() => parseLaunchSettings(utf8(text))).toThrow(
      expect.objectContaining({ name: "TeeError", code: "IMAGE_MALFORMED" }),
    );
  });

  test.each([
    ["EDG_MARBLE_TYPE", true],
    ["CARRARA_PCCS_URL", true],
    ["PATH", false],
    ["NODE_OPTIONS", false],
    ["XEDG_A", false],
    ["EDG_a=b", false],
  ])("let the host set %s: %s", (name, allowed) => {
    expect(isEnvAllowed(PLAIN_SETTINGS, name)).toBe(allowed);
  });

  test("keep variables that steer the runtime out even under a broad prefix", () => {
    const broad = { ...PLAIN_SETTINGS, envAllow: ["N*", "L*", "S*"] };
    const steering = ["NODE_OPTIONS", "LD_PRELOAD", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"];
    expect(steering.filter((name) => isEnvAllowed(broad, name))).toEqual([]);
  });
});
