import { describe, expect, test } from "vitest";
import { createPremainLog } from "./premain-log.ts";

function logOf(format: "text" | "json"): {
  log: ReturnType<typeof createPremainLog>;
  lines: string[];
} {
  const lines: string[] = [];
  const now = (): Date => new Date(1500);
  return { lines, log: createPremainLog({ format, write: (line) => void lines.push(line), now }) };
}

describe("the log", () => {
  test("as text has the prefix, the message and its facts", () => {
    const { log, lines } = logOf("text");
    log.info("activating", { type: "web", port: 80 });
    log.warn("refused", { reason: "no such thing" });
    log.failure("ACTIVATION_REFUSED", "the coordinator refused");
    expect(lines).toEqual([
      "[PreMain] activating type=web port=80\n",
      '[PreMain] warn refused reason="no such thing"\n',
      "[PreMain] error ACTIVATION_REFUSED: the coordinator refused\n",
    ]);
  });

  test("as json has a line each", () => {
    const { log, lines } = logOf("json");
    log.info("activating", { type: "web" });
    log.failure("ACTIVATION_REFUSED", "the coordinator refused");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { level: "info", ts: 1.5, logger: "PreMain", msg: "activating", type: "web" },
      {
        level: "error",
        ts: 1.5,
        logger: "PreMain",
        msg: "the coordinator refused",
        code: "ACTIVATION_REFUSED",
      },
    ]);
  });

  test("keeps what peers say on one line of bounded length", () => {
    const { log, lines } = logOf("text");
    log.failure("CODE", `first\n[PreMain] forged\u001b[2J${"x".repeat(10_000)}`);
    log.warn("refused", { reason: "a\r\nb" });
    expect(lines[0]).toMatch(/^\[PreMain\] error CODE: first \[PreMain\] forged \[2Jx+\n$/);
    expect(lines[0]?.length).toBeLessThan(600);
    expect(lines[1]).toBe('[PreMain] warn refused reason="a b"\n');
  });
});
