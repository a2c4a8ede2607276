import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callWeb, startEmojivoto, type TestMesh, vote } from "./support/mesh.ts";

const VOTES = 60;

let running: TestMesh;
let ports: number[];

beforeAll(async () => {
  running = await startEmojivoto({ webReplicas: 3 });
  const { web, webReplicas } = running.mesh.facts;
  ports = [web, ...webReplicas].map((url) => Number(new URL(url).port));
});

afterAll(async () => await running.stop());

/** The web service at `port`, as {@link callWeb} takes it. */
function at(port: number): Pick<TestMesh, "mesh" | "ca"> {
  const { mesh, ca } = running;
  return { ca, mesh: { ...mesh, ports: { ...mesh.ports, web: port } } };
}

/** Certificate that is shown at `port`, verified under the mesh's root. */
async function certificateAt(port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: "localhost", port, ca: running.ca }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    }).once("error", reject);
  });
}

async function countOf(shortcode: string, port: number): Promise<number> {
  const { body } = await callWeb(at(port), "GET", "/api/leaderboard");
  const board = JSON.parse(body) as { shortcode: string; votes: string }[];
  return Number(board.find((each) => each.shortcode === shortcode)?.votes ?? 0);
}

test("three fronts show one certificate, and every vote through any of them counts", async () => {
  expect(ports).toHaveLength(3);
  const shown = await Promise.all(ports.map(certificateAt));
  expect(new Set(shown).size).toBe(1);
  for (let i = 0; i < VOTES; i += 1) {
    expect((await vote(at(ports[i % 3] ?? 0), "rocket")).status).toBe(200);
  }
  for (const port of ports) {
    await expect.poll(async () => await countOf(":rocket:", port)).toBe(VOTES);
  }
});

test("back to one, and up again, without touching the Coordinator", async () => {
  for (const instance of ["web-2", "web-3"]) await running.mesh.stopMarble(instance);
  expect((await vote(at(ports[0] ?? 0), "rocket")).status).toBe(200);
  await expect(certificateAt(ports[1] ?? 0)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  const second = ports[1] ?? 0;
  await running.mesh.launchMarble("web", { instance: "web-2", ports: [second] });
  await expect
    .poll(async () => await certificateAt(second).catch(() => ""), { timeout: 20_000 })
    .toBe(await certificateAt(ports[0] ?? 0));
  expect((await vote(at(second), "rocket")).status).toBe(200);
  await expect.poll(async () => await countOf(":rocket:", second)).toBe(VOTES + 2);
});
