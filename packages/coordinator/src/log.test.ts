import { expect, test } from "vitest";
import { formatLogLine } from "./log.ts";

test("a log line for people has time, level, message and fields", () => {
  const line = '{"level":40,"time":1795239656011,"pid":1,"hostname":"h","code":"X","n":2,"msg":"refused"}';
  expect(formatLogLine(line)).toBe('05:00:56.011 WARN refused code="X" n=2\n'.replace("05:00", new Date(1795239656011).toISOString().slice(11, 16)));
});
