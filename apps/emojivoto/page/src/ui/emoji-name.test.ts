import { expect, test } from "vitest";
import { voteBody } from "./api.ts";
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

test("every vote has a body of 128 bytes", () => {
  for (const shortcode of [":joy:", ":stuck_out_tongue_winking_eye:", ":100:"]) {
    const body = voteBody(shortcode);
    expect(body.toString().length).toBe(128);
    expect(body.get("choice")).toBe(shortcode);
  }
});
