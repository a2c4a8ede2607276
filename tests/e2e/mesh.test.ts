import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import {
  encodeImage,
  generateSigningKey,
  type LaunchSettings,
  parseImage,
  signImage,
} from "@carrara/tee";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  callWeb,
  carrara,
  runProgram,
  startEmojivoto,
  type TestMesh,
  verifyOwnEvidence,
  vote,
} from "./support/mesh.ts";
import { answerOf, clearTo, foreignCredentials, tlsTo } from "./support/raw-peer.ts";

let running: TestMesh;

beforeAll(async () => {
  running = await startEmojivoto();
});

afterAll(async () => {
  await running.stop();
});

/** Everything that a marble has printed. */
function logOf(marble: string): string {
  return readFileSync(running.mesh.files.log(marble), "utf8");
}

/** Bytes of the signed image `emoji-svc`. */
async function image(): Promise<Uint8Array> {
  return (await running.mesh.images.get("emoji-svc")).bytes;
}

/** The image with other launch settings, under the mesh's signing key or a stranger's. */
async function resigned(change: Partial<LaunchSettings>, key?: string): Promise<Uint8Array> {
  const { bundle, settings } = parseImage(await image());
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
      const bytes = (await image()).slice();
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

describe("an inner port of a service", () => {
  const GRPC_PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
  const SCRAPE = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  const HALF_A_HANDSHAKE = Buffer.from("1603010200010001fc0303", "hex");

  /** Waits until the service has logged that it refused a connection to `port` by `code`. */
  async function logged(port: string, code: string): Promise<void> {
    const line = new RegExp(`connection refused code=${code} port=${port} `);
    await expect.poll(() => logOf("emoji-svc")).toMatch(line);
  }

  describe.each([
    ["8080", "h2", GRPC_PREFACE],
    ["8801", "http/1.1", SCRAPE],
  ])("%s, which speaks %s", (port, protocol, question) => {
    const bound = (): number => running.mesh.plan.bound.get(`emoji-svc ${port}`) ?? 0;

    test("says nothing in clear text", async () => {
      expect(await answerOf(clearTo(bound()), question)).not.toContain("HTTP");
      await logged(port, "HANDSHAKE_FAILED");
    });

    test("says nothing to half a handshake", async () => {
      const socket = clearTo(bound());
      socket.write(HALF_A_HANDSHAKE, () => socket.resetAndDestroy());
      await logged(port, "HANDSHAKE_FAILED");
    });

    test.each<[string, () => Promise<ConnectionOptions>, string]>([
      ["without certificate", async () => await Promise.resolve({}), "PEER_CERTIFICATE_MISSING"],
      ["with a certificate of another authority", foreignCredentials, "PEER_CERTIFICATE_REFUSED"],
    ])("says nothing to a peer %s", async (_, credentials, code) => {
      const options = { ...(await credentials()), ALPNProtocols: [protocol] };
      expect(await answerOf(tlsTo(bound(), options), question)).toBe("");
      await logged(port, code);
    });
  });

  test("keeps serving its mesh meanwhile", async () => {
    expect((await callWeb(running, "GET", "/api/list")).status).toBe(200);
    expect((await vote(running, "pizza")).status).toBe(200);
  });
});

describe("the public port", () => {
  const webLog = (): string => logOf("web");

  test.each([
    ["an unknown choice", "POST", "/api/vote?choice=joy", 400],
    ["no choice", "POST", "/api/vote", 400],
    ["an unknown path", "GET", "/nope", 404],
    ["an endless address", "GET", `/${"x".repeat(60_000)}`, 431],
  ])("answers %s with its status", async (_, method, path, status) => {
    expect((await callWeb(running, method, path)).status).toBe(status);
  });

  test("says nothing in clear text, and goes on", async () => {
    const answer = await answerOf(clearTo(running.mesh.ports.web), "GET / HTTP/1.1\r\n\r\n");
    expect(answer).not.toContain("HTTP");
    await expect.poll(webLog).toContain("HANDSHAKE_FAILED");
    expect((await vote(running, "rocket")).status).toBe(200);
  });

  const VOTE =
    "POST /api/vote HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";

  test.each<[string, string, number, string]>([
    ["a cut vote", `${VOTE}Content-Length: 99\r\n\r\nchoice=:tada:`, 400, "REQUEST_MALFORMED"],
    ["a cut head", VOTE, 400, "REQUEST_MALFORMED"],
    ["no HTTP", "\x16\x03\x01\r\n\r\n", 400, "REQUEST_MALFORMED"],
    ["endless headers", `${VOTE}X: ${"x".repeat(60_000)}\r\n\r\n`, 431, "REQUEST_TOO_LARGE"],
    [
      "an endless body",
      `${VOTE}Content-Length: 99999999\r\n\r\n${"x".repeat(5_000)}`,
      413,
      "REQUEST_TOO_LARGE",
    ],
  ])("refuses %s, and counts nothing", async (_, text, status, code) => {
    const before = webLog().length;
    const answer = await answerOf(tlsTo(running.mesh.ports.web), text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(`"code":"${code}"`);
    await expect.poll(() => webLog().slice(before)).toContain(`"code":"${code}"`);
    expect((await callWeb(running, "GET", "/api/leaderboard")).body).not.toContain(":tada:");
  });

  test("asks for no certificate, and takes no notice of a foreign one", async () => {
    const socket = tlsTo(running.mesh.ports.web, await foreignCredentials());
    const question = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    expect(await answerOf(socket, question)).toMatch(/^HTTP\/1.1 200 /);
  });
});

test("starting again on the same state keeps the Coordinator's root and the manifest", async () => {
  const { ca, mesh, stateDir } = running;
  const manifest = await readFile(mesh.files.manifest);
  await mesh.stop();
  running = await startEmojivoto({ stateDir });
  expect(running.ca).toBe(ca);
  expect(await readFile(running.mesh.files.manifest)).toEqual(manifest);
  expect((await vote(running, "joy")).status).toBe(200);
});
