import { describe, expect, test } from "vitest";
import { pollSettingsOf, pollStateAt } from "./poll-settings.ts";

describe("the settings of a poll", () => {
  test("are an open poll with shown results and no RPC by name when nothing is said", () => {
    expect(pollSettingsOf({})).toEqual({
      poll: "emojivoto",
      rules: {
        opens: undefined,
        closes: undefined,
        revote: "unlimited",
        interimResults: "shown",
      },
      compatibilityRpcs: false,
    });
  });

  test("are what the manifest says", () => {
    const env = {
      POLL_ID: "board-2027",
      POLL_OPENS: "2027-01-01T00:00:00Z",
      POLL_CLOSES: "2027-01-31T12:00:00Z",
      POLL_REVOTE: "last",
      POLL_INTERIM_RESULTS: "hidden",
      COMPATIBILITY_RPCS: "on",
    };
    expect(pollSettingsOf(env)).toEqual({
      poll: "board-2027",
      rules: {
        opens: new Date("2027-01-01T00:00:00Z"),
        closes: new Date("2027-01-31T12:00:00Z"),
        revote: "last",
        interimResults: "hidden",
      },
      compatibilityRpcs: true,
    });
  });

  test.each([
    [{ POLL_ID: "No" }],
    [{ POLL_ID: "x".repeat(65) }],
    [{ POLL_OPENS: "tomorrow" }],
    [{ POLL_CLOSES: "2027-02-31T00:00:00Z" }],
    [{ POLL_OPENS: "2027-01-02T00:00:00Z", POLL_CLOSES: "2027-01-01T00:00:00Z" }],
    [{ POLL_REVOTE: "often" }],
    [{ POLL_INTERIM_RESULTS: "maybe" }],
    [{ COMPATIBILITY_RPCS: "yes" }],
  ])("are refused as %o with SETTING_INVALID", (env) => {
    expect(() => pollSettingsOf(env)).toThrow(
      expect.objectContaining({ name: "EmojivotoError", code: "SETTING_INVALID" }),
    );
  });
});

test.each([
  ["2026-12-31T23:59:59Z", "not-open"],
  ["2027-01-01T00:00:00Z", "open"],
  ["2027-01-31T11:59:59Z", "open"],
  ["2027-01-31T12:00:00Z", "closed"],
])("at %s a poll is %s", (now, state) => {
  const { rules } = pollSettingsOf({
    POLL_OPENS: "2027-01-01T00:00:00Z",
    POLL_CLOSES: "2027-01-31T12:00:00Z",
  });
  expect(pollStateAt(rules, new Date(now))).toBe(state);
});
