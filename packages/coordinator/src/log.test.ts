import { expect, test } from "vitest";
import { formatLogLine } from "./log.ts";

test("a log line for people has time, level, message and fields", () => {
  const line =
    '{"level":40,"time":1795239656011,"pid":1,"hostname":"h","code":"X","n":2,"msg":"refused"}';
  expect(formatLogLine(line)).toBe('05:40:56.011 WARN refused code="X" n=2\n');
});
