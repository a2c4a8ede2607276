import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { createKeptLog } from "../testing/start-demo.ts";
import { EmojivotoError } from "./emojivoto-error.ts";
import { DRAIN_MS, runService } from "./run-service.ts";

function fakeProcess(): EventEmitter & { exit(code: number): void; readonly exits: number[] } {
  const exits: number[] = [];
  return Object.assign(new EventEmitter(), {
    exits,
    exit: (code: number) => void exits.push(code),
  });
}

describe("a service's life", () => {
  test("ends with 1 and the reason when it cannot start", async () => {
    const process = fakeProcess();
    const log = createKeptLog();
    const start = async (): Promise<never> => {
      throw await Promise.resolve(
        new EmojivotoError("SETTING_MISSING", "set in the environment: X"),
      );
    };
    await runService(start, { log, process });
    expect(process.exits).toEqual([1]);
    expect(log.lines).toEqual([
      '{"code":"SETTING_MISSING","reason":"set in the environment: X","message":"service did not start"}',
    ]);
  });

  test.each(["SIGTERM", "SIGINT", "SIGQUIT"])(
    "drains and ends with 0 on %s, once",
    async (signal) => {
      const process = fakeProcess();
      const graces: number[] = [];
      const stop = async (graceMs: number): Promise<void> => {
        await Promise.resolve(graces.push(graceMs));
      };
      await runService(async () => await Promise.resolve({ stop }), {
        log: createKeptLog(),
        process,
      });
      process.emit(signal);
      process.emit(signal);
      await expect.poll(() => process.exits).toEqual([0]);
      expect(graces).toEqual([DRAIN_MS]);
    },
  );
});
