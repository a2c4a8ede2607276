import { expect, test } from "vitest";
import { createJsonLog, formatLogLine, withFields } from "./log.ts";

function logged(readable: boolean, level: "debug" | "info" = "info") {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: createJsonLog({ destination, level, readable }) };
}

test("a log line for people has time, level, message and fields", () => {
  const line = '{"level":"warn","ts":1795239656.011,"code":"X","n":2,"msg":"refused"}';
  expect(formatLogLine(line)).toBe('05:40:56.011 WARN refused code="X" n=2\n');
});

test("a log line for machines has level, ts in seconds, the fields and msg, and nothing else", () => {
  const { lines, log } = logged(false);
  const before = Date.now() / 1000;
  log.info({ port: 1 }, "listening");
  const [line = ""] = lines;
  const { ts, ...rest } = JSON.parse(line);
  expect(rest).toEqual({ level: "info", port: 1, msg: "listening" });
  expect(ts).toBeGreaterThanOrEqual(before);
  expect(ts).toBeLessThanOrEqual(Date.now() / 1000);
  expect(line.endsWith("\n")).toBe(true);
});

test("debug lines appear at level debug alone, and in the readable form if asked for", () => {
  const quiet = logged(false);
  quiet.log.debug({}, "detail");
  expect(quiet.lines).toEqual([]);
  const loud = logged(true, "debug");
  loud.log.debug({ n: 1 }, "detail");
  expect(loud.lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} DEBUG detail n=1\n$/);
});

test.each(["debug", "info", "warn", "error"] as const)("added fields are in %s lines", (level) => {
  const { lines, log } = logged(false, "debug");
  withFields(log, { requestId: "r" })[level]({ n: 1 }, "done");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level, requestId: "r", n: 1, msg: "done" });
});
