import { describe, expect, test } from "vitest";
import { dialledAddress, readConnectArguments } from "./connect-arguments.ts";

const listener = (): void => {};

describe("readConnectArguments", () => {
  test.each([
    [[80], { port: 80 }],
    [[80, "host"], { port: 80, host: "host" }],
    [["80", "host"], { port: "80", host: "host" }],
    [["/socket"], { path: "/socket" }],
    [[{ port: 80, host: "host" }], { port: 80, host: "host" }],
    [[[{ port: 80 }, null]], { port: 80 }],
  ])("reads %j with and without a listener", (args, options) => {
    expect(readConnectArguments(args)).toEqual({ options, listener: undefined });
    const nested = Array.isArray(args[0]);
    const withListener = nested ? [[{ port: 80 }, listener]] : [...args, listener];
    expect(readConnectArguments(withListener)).toEqual({ options, listener });
  });
});

describe("dialledAddress", () => {
  test.each([
    [{ port: 80 }, { host: "localhost", port: 80 }],
    [
      { port: "80", host: "host" },
      { host: "host", port: 80 },
    ],
    [{ path: "/socket", port: 80 }, undefined],
    [{ port: 0 }, undefined],
    [{ port: "x" }, undefined],
    [{}, undefined],
  ])("of %j is %j", (options, address) => {
    expect(dialledAddress(options)).toEqual(address);
  });
});
