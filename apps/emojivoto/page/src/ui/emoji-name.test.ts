import { expect, test } from "vitest";
import { emojiName } from "./emoji-name.ts";

test.each([
  [":joy:", "joy"],
  [":man_in_tuxedo:", "man in tuxedo"],
  [":point_up_2:", "point up 2"],
  [":cat2:", "cat 2"],
  [":100:", "100"],
])("the shortcode %s is read out as %s", (shortcode, name) => {
  expect(emojiName(shortcode)).toBe(name);
});
