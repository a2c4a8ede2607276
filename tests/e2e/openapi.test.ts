import { request } from "node:https";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCoordinator, type TestCoordinator } from "./support/coordinator.ts";

let coordinator: TestCoordinator;

beforeAll(async () => {
  coordinator = await startCoordinator();
});

afterAll(async () => {
  await coordinator.stop();
});

async function served(): Promise<string> {
  const options = {
    host: "127.0.0.1",
    port: coordinator.clientPort,
    path: "/api/v2/openapi.json",
    rejectUnauthorized: false,
    agent: false,
    timeout: 10_000,
  };
  return await new Promise((resolve, reject) => {
    request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    })
      .once("error", reject)
      .end();
  });
}

async function lint(source: string): Promise<string[]> {
  const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
      // Some routes cannot be asked wrongly, and one of v1 is gone: answers that never come are not described.
      "operation-4xx-response": "off",
      "operation-2xx-response": "off",
    },
  });
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  return problems.map(
    ({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer ?? ""})`,
  );
}

test("the served document passes the linter's strict rules", async () => {
  expect(await lint(await served())).toEqual([]);
});

test("the linter would find what is wrong", async () => {
  const broken = (await served()).replace('"#/components/schemas/Error"', '"#/components/none"');
  expect((await lint(broken)).join("\n")).toContain("no-unresolved-refs");
});
