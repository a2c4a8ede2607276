import { readFile } from "node:fs/promises";
import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, test } from "vitest";
import { voteRpcs } from "../gen/catalogue.ts";
import {
  ResultsRequestSchema,
  type ResultsResponse,
  VoteRequestSchema,
  VotingService,
} from "../gen/emojivoto/v1/voting_pb.ts";
import { serviceDefinitionOf } from "../grpc/service-definition.ts";
import type { GrpcApp } from "../service/grpc-app.ts";
import { call } from "../testing/call.ts";
import { startTestVoting } from "../testing/start-demo.ts";

const service = serviceDefinitionOf(VotingService);
const apps: GrpcApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop(1_000);
});

async function started(doughnutCounts = false): Promise<GrpcApp> {
  const app = await startTestVoting({ doughnutCounts });
  apps.push(app);
  return app;
}
const vote = async (app: GrpcApp, rpc: string): Promise<unknown> =>
  await call(app.grpcPort, service, rpc, create(VoteRequestSchema));
const results = async (app: GrpcApp): Promise<readonly (readonly [string, number])[]> => {
  const request = create(ResultsRequestSchema);
  const { results: rows } = await call<ResultsResponse>(app.grpcPort, service, "Results", request);
  return rows.map(({ Shortcode, Votes }) => [Shortcode, Votes] as const);
};

test("the vote methods are not served unless the manifest says so; Results is", async () => {
  const app = await startTestVoting({ env: { COMPATIBILITY_RPCS: "off" } });
  apps.push(app);
  await expect(vote(app, "VoteJoy")).rejects.toMatchObject({ code: 12 });
  expect(await results(app)).toEqual([]);
});

describe("emojivoto.v1.VotingService", () => {
  test("has the 101 methods of the data file in its order, under their wire paths", async () => {
    const file = await readFile(new URL("../../data/emoji-rpcs.json", import.meta.url), "utf8");
    const wanted = (JSON.parse(file) as { rpc: string }[]).map(({ rpc }) => rpc);
    expect(VotingService.methods.map(({ name }) => name)).toEqual(wanted);
    expect(wanted.length).toBe(101);
    const { VoteJoy } = service;
    expect(VoteJoy?.path).toBe("/emojivoto.v1.VotingService/VoteJoy");
  });

  test("names each method by the rule", () => {
    for (const { rpc, shortcode } of voteRpcs) {
      const parts = shortcode.replaceAll(":", "").split("_");
      expect(rpc).toBe(
        `Vote${parts.map((part) => part.slice(0, 1).toUpperCase() + part.slice(1)).join("")}`,
      );
    }
  });

  test("counts each of the 100 vote methods for its own emoji", async () => {
    const app = await started(true);
    for (const { rpc } of voteRpcs) await vote(app, rpc);
    const rows = await results(app);
    expect(rows.length).toBe(100);
    expect(new Map(rows)).toEqual(new Map(voteRpcs.map(({ shortcode }) => [shortcode, 1])));
    // Ties are in list order, with the emoji that is not listed behind them.
    expect(rows[0]?.[0]).toBe(":joy:");
    expect(rows[98]?.[0]).toBe(":poop:");
    expect(rows[99]?.[0]).toBe(":relaxed:");
  });

  test("puts more votes first and ties in list order, every time", async () => {
    const app = await started();
    for (const rpc of ["VoteTaco", "VotePizza", "VoteGhost", "VoteTaco"]) await vote(app, rpc);
    const wanted = [
      [":taco:", 2],
      [":ghost:", 1],
      [":pizza:", 1],
    ];
    for (let i = 0; i < 3; i++) expect(await results(app)).toEqual(wanted);
  });

  test("version 1 answers a doughnut with UNKNOWN and ERROR and counts nothing", async () => {
    const app = await started(false);
    await expect(vote(app, "VoteDoughnut")).rejects.toMatchObject({ code: 2, details: "ERROR" });
    expect(await results(app)).toEqual([]);
  });

  test("version 2 counts the doughnut", async () => {
    const app = await started(true);
    await vote(app, "VoteDoughnut");
    expect(await results(app)).toEqual([[":doughnut:", 1]]);
  });
});

describe("metrics of voting", () => {
  test("count votes and calls, but tell no emoji", async () => {
    const app = await started();
    await vote(app, "VoteJoy");
    await vote(app, "VoteTaco");
    await expect(vote(app, "VoteDoughnut")).rejects.toMatchObject({ code: 2 });
    const response = await fetch(`http://127.0.0.1:${app.promPort}/metrics`);
    const text = await response.text();
    const service = 'grpc_service="emojivoto.v1.VotingService"';
    expect(text).toContain("\nemojivoto_votes_total 2\n");
    expect(text).toContain(
      `grpc_server_started_total{grpc_type="unary",${service},grpc_method="Vote"} 3\n`,
    );
    expect(text).toContain(
      `grpc_server_handled_total{grpc_type="unary",${service},grpc_method="Vote",grpc_code="Unknown"} 1\n`,
    );
    expect(text).toContain(
      `grpc_server_handled_total{grpc_type="unary",${service},grpc_method="Results",grpc_code="OK"} 0\n`,
    );
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).not.toMatch(/joy|taco|doughnut/i);
  });

  test("are at one path only", async () => {
    const app = await started();
    expect((await fetch(`http://127.0.0.1:${app.promPort}/`)).status).toBe(404);
  });
});
