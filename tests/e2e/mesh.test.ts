import { readFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import type { RunningChild } from "@carrara/cli";
import { encodePem } from "@carrara/encoding";
import {
  encodeImage,
  generateSigningKey,
  type LaunchSettings,
  parseImage,
  signImage,
} from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { marbleIdentity } from "./support/coordinator.ts";
import {
  callWeb,
  carrara,
  runProgram,
  startEmojivoto,
  type TestMesh,
  verifyOwnEvidence,
  vote,
} from "./support/mesh.ts";

let running: TestMesh;
/** The emoji service that serves, whoever else tries to be one. */
let emoji: RunningChild | undefined;

beforeAll(async () => {
  running = await startEmojivoto();
  emoji = running.mesh.marbles.get("emoji-svc");
});

afterAll(async () => {
  await running.stop();
});

/** Bytes of the signed image `emoji-svc`. */
function image(): Uint8Array {
  return running.mesh.images.get("emoji-svc")?.bytes ?? new Uint8Array();
}

/** The image with other launch settings, under the mesh's signing key or a stranger's. */
async function resigned(change: Partial<LaunchSettings>, key?: string): Promise<Uint8Array> {
  const { bundle, settings } = parseImage(image());
  const unsigned = encodeImage({ bundle, settings: { ...settings, ...change } });
  const own = await readFile(join(running.stateDir, "signing-key.pem"), "utf8");
  return await signImage(unsigned, key ?? own, { date: new Date() });
}

test("evidence is verified with the collateral that the mesh keeps", async () => {
  const accepted = await verifyOwnEvidence(running, "--insecure");
  expect(accepted).toMatchObject({ code: 0, stderr: "SIMULATION: not protected by hardware\n" });
  expect(accepted.stdout).toContain("ACCEPTED AS A SIMULATION: SGX evidence");
});

describe("a voter", () => {
  test("gets 99 emoji, votes, and sees the vote on the board", async () => {
    const list = JSON.parse((await callWeb(running, "GET", "/api/list")).body) as unknown[];
    expect(list).toHaveLength(99);
    expect(await vote(running, "joy")).toEqual({ status: 200, body: "" });
    expect(JSON.parse((await callWeb(running, "GET", "/api/leaderboard")).body)).toContainEqual({
      shortcode: ":joy:",
      unicode: "😂",
      votes: "1",
    });
  });

  test("reaches web and Coordinator with curl and the chain file alone", async () => {
    const { coordinatorCert } = running.mesh.files;
    const urls = [
      `https://localhost:${running.mesh.ports.web}/api/list`,
      `https://localhost:${running.mesh.ports.coordinator}/api/v2/status`,
    ];
    for (const url of urls) {
      const trusted = await runProgram("curl", "-sS", "--fail", "--cacert", coordinatorCert, url);
      expect(trusted).toMatchObject({ code: 0, stderr: "" });
      expect((await runProgram("curl", "-sS", url)).code).toBe(60);
    }
  });

  test("is refused the doughnut by version 1 and counted by version 2", async () => {
    expect(await vote(running, "doughnut")).toEqual({
      status: 500,
      body: '{"error":"rpc error: code = Unknown desc = ERROR"}\n',
    });
    await running.mesh.stopMarble("voting-svc");
    await running.mesh.launchMarble("voting-svc", { image: "voting-svc-fix" });
    await expect
      .poll(async () => (await vote(running, "doughnut")).status, { timeout: 20_000 })
      .toBe(200);
    const board = (await callWeb(running, "GET", "/api/leaderboard")).body;
    expect(board).toContain(":doughnut:");
  });
});

describe("a verifier", () => {
  const host = (): string => `localhost:${running.mesh.ports.coordinator}`;

  test("is told yes, and the Coordinator's measurement, when simulation is accepted", async () => {
    const cert = join(running.stateDir, "verified.pem");
    const { manifest } = running.mesh.files;
    const args = ["manifest", "verify", manifest, host(), "--coordinator-cert", cert];
    const result = await carrara(...args, "--insecure");
    const measurement = running.mesh.coordinator.attested.identity.uniqueId;
    expect(result).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("OK\n"),
      stderr: expect.stringContaining("SIMULATION: not protected by hardware"),
    });
    expect(result.stdout).toContain(measurement);
    const json = await carrara(...args, "--insecure", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ assurance: "simulation" });
    expect(await carrara(...args)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("this is a simulation"),
    });
  });

  test("is told no for another manifest, and that nobody is there", async () => {
    const cert = join(running.stateDir, "verified.pem");
    const flags = ["--insecure", "--coordinator-cert", cert];
    expect((await carrara("manifest", "verify", "00".repeat(32), host(), ...flags)).code).toBe(3);
    expect((await carrara("status", "localhost:9", ...flags)).code).toBe(4);
    expect((await carrara("manifest", "verify")).code).toBe(2);
  });
});

describe("an image", () => {
  async function refusal(bytes: Uint8Array): Promise<string> {
    try {
      const child = await running.mesh.launchMarble("emoji-svc", {
        image: bytes,
        instance: "intruder",
        supervised: false,
      });
      await child.exited;
      return child.log.tail();
    } catch (error) {
      return `${(error as { code?: string }).code ?? ""} ${String(error)}`;
    }
  }

  test.each(["start", "middle", "end"])(
    "with a byte flipped at its %s does not start",
    async (place) => {
      const bytes = image().slice();
      const offset = { start: 20, middle: bytes.length >> 1, end: bytes.length - 2000 }[place] ?? 0;
      bytes[offset] = (bytes[offset] ?? 0) ^ 1;
      expect(await refusal(bytes)).toMatch(
        /IMAGE_(MALFORMED|MEASUREMENT_MISMATCH|SIGNATURE_INVALID)/,
      );
    },
  );

  test("signed by a stranger is refused at activation", async () => {
    expect(await refusal(await resigned({}, await generateSigningKey()))).toContain(
      "PACKAGE_SIGNER_ID",
    );
  });

  test("of too low a security version is refused at activation", async () => {
    expect(await refusal(await resigned({ securityVersion: 0 }))).toContain(
      "PACKAGE_SECURITY_VERSION",
    );
  });

  test("in debug mode is refused at activation", async () => {
    expect(await refusal(await resigned({ debug: true }))).toContain("PACKAGE_DEBUG");
  });
});

describe("the inner port of a service", () => {
  const port = (): number => running.mesh.plan.bound.get("emoji-svc 8080") ?? 0;

  /** What came of sending HTTP/2's preface: the bytes that came back. */
  async function answerTo(connect: () => ReturnType<typeof connectTcp>): Promise<number> {
    const socket = connect();
    let received = 0;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    await Promise.race([
      new Promise((resolve) => socket.once("close", resolve)),
      new Promise((resolve) => setTimeout(resolve, 2000)),
    ]);
    socket.destroy();
    return received;
  }

  test("speaks to nobody in clear text", async () => {
    expect(await answerTo(() => connectTcp(port(), "127.0.0.1"))).toBeLessThan(20);
  });

  test("speaks to nobody without a certificate, or with one of another authority", async () => {
    const { certificate, pkcs8 } = await marbleIdentity();
    const foreign = {
      cert: encodePem("CERTIFICATE", certificate),
      key: encodePem("PRIVATE KEY", pkcs8),
    };
    for (const credentials of [{}, foreign]) {
      const options = {
        host: "127.0.0.1",
        port: port(),
        rejectUnauthorized: false,
        ALPNProtocols: ["h2"],
      };
      expect(await answerTo(() => connectTls({ ...options, ...credentials }))).toBe(0);
    }
    const log = (): string => emoji?.log.tail() ?? "";
    await expect.poll(log).toContain("PEER_CERTIFICATE_MISSING");
    await expect.poll(log).toContain("PEER_CERTIFICATE_REFUSED");
  });

  test("keeps serving its mesh meanwhile", async () => {
    expect((await callWeb(running, "GET", "/api/list")).status).toBe(200);
    expect((await vote(running, "pizza")).status).toBe(200);
  });
});

describe("the public port", () => {
  test.each([
    ["an unknown choice", "POST", "/api/vote?choice=joy", 400],
    ["no choice", "POST", "/api/vote", 400],
    ["an unknown path", "GET", "/nope", 404],
    ["an endless address", "GET", `/${"x".repeat(60_000)}`, 431],
  ])("answers %s with its status", async (_, method, path, status) => {
    expect((await callWeb(running, method, path)).status).toBe(status);
  });

  test("refuses clear text and cut requests, and goes on", async () => {
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01"]) {
      const socket = connectTcp(running.mesh.ports.web, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.end(text);
      await new Promise((resolve) => socket.once("close", resolve));
    }
    expect((await vote(running, "rocket")).status).toBe(200);
  });
});

test("starting again on the same state keeps the Coordinator's root and the manifest", async () => {
  const { ca, mesh, stateDir } = running;
  const manifest = await readFile(mesh.files.manifest);
  await mesh.stop();
  running = await startEmojivoto(stateDir);
  expect(running.ca).toBe(ca);
  expect(await readFile(running.mesh.files.manifest)).toEqual(manifest);
  expect((await vote(running, "joy")).status).toBe(200);
});
