import { describe, expect, test } from "vitest";
import { logFormatOf, readMarbleEnvironment, readRenewalSwitch } from "./marble-environment.ts";

const TYPE = { EDG_MARBLE_TYPE: "web" };

describe("readMarbleEnvironment", () => {
  test("has the defaults of the specification", () => {
    expect(readMarbleEnvironment(TYPE, "/work")).toEqual({
      coordinatorAddress: "localhost:2001",
      marbleType: "web",
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1", "::1"],
      uuidFile: "/work/uuid",
      logFormat: "text",
      activationTimeoutMs: 60_000,
      renews: true,
      portMap: { listen: new Map(), dial: new Map() },
    });
  });

  test("reads every variable", () => {
    const env = {
      ...TYPE,
      EDG_MARBLE_COORDINATOR_ADDR: "coordinator:2001",
      EDG_MARBLE_DNS_NAMES: "web, web.svc,10.0.0.7,::2,127.0.0.1",
      EDG_MARBLE_UUID_FILE: "state/uuid",
      EDG_LOG_FORMAT: "JSON",
      CARRARA_ACTIVATION_TIMEOUT_MS: "1500",
      CARRARA_PORT_MAP: '{"listen":{"80":"127.0.0.1:8080"}}',
    };
    expect(readMarbleEnvironment(env, "/work")).toMatchObject({
      coordinatorAddress: "coordinator:2001",
      dnsNames: ["web", "web.svc"],
      ipAddresses: ["127.0.0.1", "::1", "10.0.0.7", "::2"],
      uuidFile: "/work/state/uuid",
      logFormat: "json",
      activationTimeoutMs: 1500,
      portMap: { listen: new Map([[80, { host: "127.0.0.1", port: 8080 }]]) },
    });
  });

  test("keeps the uuid in EDG_CWD when that is set", () => {
    const env = { ...TYPE, EDG_CWD: "/enclave" };
    expect(readMarbleEnvironment(env, "/work").uuidFile).toBe("/enclave/uuid");
  });

  test.each([
    [{}, "MARBLE_TYPE_MISSING"],
    [{ EDG_MARBLE_TYPE: "" }, "MARBLE_TYPE_MISSING"],
    [{ ...TYPE, EDG_MARBLE_DNS_NAMES: "web,büro" }, "ENVIRONMENT_INVALID"],
    [{ ...TYPE, EDG_MARBLE_DNS_NAMES: "we b" }, "ENVIRONMENT_INVALID"],
    [{ ...TYPE, CARRARA_ACTIVATION_TIMEOUT_MS: "0" }, "ENVIRONMENT_INVALID"],
    [{ ...TYPE, CARRARA_ACTIVATION_TIMEOUT_MS: "3600001" }, "ENVIRONMENT_INVALID"],
    [{ ...TYPE, CARRARA_ACTIVATION_TIMEOUT_MS: "1e3" }, "ENVIRONMENT_INVALID"],
    [{ ...TYPE, CARRARA_PORT_MAP: "{" }, "PORT_MAP_INVALID"],
  ])("refuses %j with %s", (env, code) => {
    expect(() => readMarbleEnvironment(env, "/work")).toThrow(expect.objectContaining({ code }));
  });

  test.each([
    ["json", "json"],
    ["Json", "json"],
    ["text", "text"],
    [undefined, "text"],
  ])("EDG_LOG_FORMAT=%s logs as %s", (format, expected) => {
    expect(logFormatOf({ EDG_LOG_FORMAT: format })).toBe(expected);
  });
});

test.each([
  [undefined, true],
  ["", true],
  ["1", true],
  ["0", false],
])("CARRARA_RENEWAL %j leaves renewal on: %j", (text, on) => {
  expect(readRenewalSwitch(text)).toBe(on);
});

test("refuses any other CARRARA_RENEWAL with ENVIRONMENT_INVALID", () => {
  expect(() => readRenewalSwitch("no")).toThrow(
    expect.objectContaining({ code: "ENVIRONMENT_INVALID" }),
  );
});
