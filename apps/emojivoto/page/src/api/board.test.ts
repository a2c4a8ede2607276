import fc from "fast-check";
import { expect, test } from "vitest";
import { ApiError } from "./api-error.ts";
import { isHidden, parseBoard } from "./board.ts";

const row = { shortcode: ":joy:", unicode: "😂", votes: 2 };
const poll = { opens: null, closes: null, revote: "unlimited", interimResults: "shown" };

function board(state: string, changes: object = {}): string {
  const whole = { results: [row], total: 2, superseded: 0, treeSize: 2 };
  return JSON.stringify({ ...whole, poll: { ...poll, state, ...changes } });
}

test.each([
  ["open", "open"],
  ["not-open", "notOpen"],
  ["closed", "closed"],
])("a poll that is %s is read as %s", (state, read) => {
  expect(parseBoard(board(state)).poll.state).toBe(read);
});

test("results are hidden until the poll closes, where its rule says so", () => {
  expect(isHidden(parseBoard(board("open", { interimResults: "hidden" })))).toBe(true);
  expect(isHidden(parseBoard(board("closed", { interimResults: "hidden" })))).toBe(false);
  expect(isHidden(parseBoard(board("open")))).toBe(false);
});

test("any text gives a board or the error FORM", () => {
  const anything = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((x) => `{"results":[${x}]}`),
  );
  fc.assert(
    fc.property(anything, (text) => {
      try {
        parseBoard(text);
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
        expect(error).toMatchObject({ code: "FORM" });
      }
    }),
  );
});
