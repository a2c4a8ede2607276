import { describe, expect, test } from "vitest";
import { parseListenAddress, readCoordinatorConfig } from "./config.ts";

describe("the configuration", () => {
  test("has the defaults of section 1.2", () => {
    expect(readCoordinatorConfig({ EDG_COORDINATOR_DNS_NAMES: "" }, "/srv")).toEqual({
      meshAddress: { host: undefined, port: 2001 },
      clientAddress: { host: undefined, port: 4433 },
      dnsNames: ["localhost"],
      ipAddresses: [],
      sealDir: "/srv/marblerun-coordinator-data",
      store: { kind: "file" },
      keyAddress: { host: undefined, port: 5433 },
      peers: [],
      devMode: false,
      logLevel: "info",
      httpErrorLogLevel: "error",
      startupManifest: undefined,
      pccsUrl: undefined,
      acceptUnattested: false,
    });
  });

  test("reads every variable", () => {
    const config = readCoordinatorConfig(
      {
        EDG_COORDINATOR_MESH_ADDR: "localhost:1",
        EDG_COORDINATOR_CLIENT_ADDR: "[::1]:2",
        EDG_COORDINATOR_DNS_NAMES: "a,10.0.0.1,b",
        EDG_COORDINATOR_PROMETHEUS_ADDR: ":9944",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
        EDG_CWD: "/cwd",
        EDG_COORDINATOR_DEV_MODE: "1",
        EDG_DEBUG_LOGGING: "1",
        EDG_HTTP_ERROR_LOG_LEVEL: "warn",
        EDG_STARTUP_MANIFEST: "/m.json",
        CARRARA_PCCS_URL: "http://127.0.0.1:1",
        CARRARA_ACCEPT_UNATTESTED: "1",
      },
      "/srv",
    );
    expect(config).toMatchObject({
      meshAddress: { host: "127.0.0.1", port: 1 },
      clientAddress: { host: "::1", port: 2 },
      metricsAddress: { host: undefined, port: 9944 },
      traces: { url: "http://collector:4318/v1/traces" },
      dnsNames: ["a", "b"],
      ipAddresses: ["10.0.0.1"],
      sealDir: "/cwd/marblerun-coordinator-data",
      devMode: true,
      logLevel: "debug",
      httpErrorLogLevel: "warn",
      startupManifest: "/m.json",
      acceptUnattested: true,
    });
  });

  test.each(["", "host", "host:", ":99999", "a:b:1", "::1:2"])("refuses address %j", (text) => {
    expect(() => parseListenAddress(text)).toThrow(
      expect.objectContaining({ name: "CoordinatorError", code: "CONFIG_INVALID" }),
    );
  });
});
