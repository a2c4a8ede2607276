import { describe, expect, test } from "vitest";
import { createKeptLog, startEmoji } from "../testing/start-demo.ts";
import { startGrpcApp } from "./grpc-app.ts";

describe("a gRPC service", () => {
  test("needs GRPC_PORT", async () => {
    const options = { env: {}, log: createKeptLog(), serve: () => ({ services: [] }) };
    await expect(startGrpcApp(options)).rejects.toMatchObject({ code: "SETTING_MISSING" });
  });

  test("names the port that is taken", async () => {
    const first = await startEmoji();
    const env = { GRPC_PORT: String(first.grpcPort) };
    const options = {
      env,
      log: createKeptLog(),
      host: "127.0.0.1",
      serve: () => ({ services: [] }),
    };
    await expect(startGrpcApp(options)).rejects.toMatchObject({
      code: "SETTING_INVALID",
      message: `port ${first.grpcPort} is not free`,
    });
    await first.stop(100);
  });

  test("has no metrics server without PROM_PORT, and stops twice", async () => {
    const options = { log: createKeptLog(), host: "127.0.0.1", serve: () => ({ services: [] }) };
    const app = await startGrpcApp({ ...options, env: { GRPC_PORT: "0" } });
    expect(app.promPort).toBeUndefined();
    await app.stop(100);
    await app.stop(100);
  });
});
