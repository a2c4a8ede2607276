import { inspect } from "node:util";
import { expect, test } from "vitest";
import { CoordinatorError } from "../error.ts";
import { readTraceConfig } from "./trace-config.ts";

const read = (env: Readonly<Record<string, string>>) => readTraceConfig((name) => env[name]);
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };
const DEFAULTS = {
  url: "http://collector:4318/v1/traces",
  headers: {},
  serviceName: "carrara-coordinator",
  protobufAsked: false,
};

test.each([{}, { OTEL_SERVICE_NAME: "x" }, { ...ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }])(
  "%j is no tracing",
  (env) => {
    expect(read(env)).toBeUndefined();
  },
);

test.each([
  [ENDPOINT, DEFAULTS],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" }, DEFAULTS],
  [
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://other/traces" },
    { ...DEFAULTS, url: "https://other/traces" },
  ],
  [
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "a=1, authorization=Bearer%20x=y" },
    { ...DEFAULTS, headers: { a: "1", authorization: "Bearer x=y" } },
  ],
  [
    { ...ENDPOINT, OTEL_SERVICE_NAME: "mesh" },
    { ...DEFAULTS, serviceName: "mesh" },
  ],
  [
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" },
    { ...DEFAULTS, protobufAsked: true },
  ],
])("%j is %j", (env, expected) => {
  expect(read(env)).toEqual(expected);
});

test.each([
  { OTEL_EXPORTER_OTLP_ENDPOINT: "hunter2" },
  { OTEL_EXPORTER_OTLP_ENDPOINT: "ftp://hunter2" },
  { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "hunter2" },
  { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "a=%hunter2" },
])("%j is CONFIG_INVALID, and the values are not shown", (env) => {
  const refusal = (() => {
    try {
      return read(env);
    } catch (error) {
      return error;
    }
  })();
  expect(refusal).toBeInstanceOf(CoordinatorError);
  expect(refusal).toMatchObject({ code: "CONFIG_INVALID" });
  expect(inspect(refusal)).not.toContain("hunter2");
});
