import { describe, expect, test } from "vitest";
import { optionalPortSetting, portSetting, requireSettings } from "./settings.ts";

describe("settings", () => {
  test("that are missing are all named at once", () => {
    const env = { WEB_PORT: "1", EMOJISVC_HOST: "" };
    expect(() => requireSettings(env, ["WEB_PORT", "EMOJISVC_HOST", "VOTINGSVC_HOST"])).toThrow(
      expect.objectContaining({
        code: "SETTING_MISSING",
        message: "set in the environment: EMOJISVC_HOST, VOTINGSVC_HOST",
      }),
    );
  });

  test.each([
    ["0", 0],
    ["8080", 8080],
    ["65535", 65_535],
  ])("port %j is %i", (text, port) => {
    expect(portSetting({ PORT: text }, "PORT")).toBe(port);
  });

  test.each(["65536", "-1", "80a", "1e3", " 80", "0x50"])("port %j is refused", (text) => {
    expect(() => portSetting({ PORT: text }, "PORT")).toThrow(
      expect.objectContaining({ code: "SETTING_INVALID" }),
    );
  });

  test("that are optional may be unset or empty", () => {
    expect(optionalPortSetting({}, "PORT")).toBeUndefined();
    expect(optionalPortSetting({ PORT: "" }, "PORT")).toBeUndefined();
  });
});
