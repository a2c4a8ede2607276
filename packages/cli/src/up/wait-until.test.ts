import { describe, expect, test } from "vitest";
import { waitUntil } from "./wait-until.ts";

const never = new Promise<Error>(() => undefined);
const signal = new AbortController().signal;

describe("waitUntil", () => {
  test("asks until there is a value", async () => {
    let asked = 0;
    const probe = async () => {
      asked += 1;
      return await Promise.resolve(asked < 3 ? undefined : "value");
    };
    const options = { what: "it", probe, failure: never, timeoutMs: 5000, signal };
    expect(await waitUntil(options)).toBe("value");
    expect(asked).toBe(3);
  });

  test("gives up with MESH_NOT_READY and what it waited for", async () => {
    const probe = async () => await Promise.resolve(undefined);
    const options = { what: "the web", probe, failure: never, timeoutMs: 60, signal };
    await expect(waitUntil(options)).rejects.toMatchObject({
      name: "CliError",
      code: "MESH_NOT_READY",
      message: "waited 60 ms for the web",
    });
  });

  test("throws the failure even while a probe hangs", async () => {
    const probe = async () => await new Promise<undefined>(() => undefined);
    const failure = Promise.resolve(new Error("child died"));
    const options = { what: "it", probe, failure, timeoutMs: 5000, signal };
    await expect(waitUntil(options)).rejects.toThrow("child died");
  });

  test("throws the signal's reason", async () => {
    const abort = new AbortController();
    const probe = async () => {
      abort.abort(new Error("stop"));
      return await Promise.resolve(undefined);
    };
    const options = { what: "it", probe, failure: never, timeoutMs: 5000, signal: abort.signal };
    await expect(waitUntil(options)).rejects.toThrow();
  });
});
