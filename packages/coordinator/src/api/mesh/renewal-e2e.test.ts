import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { fileURLToPath } from "node:url";
import { utf8 } from "@carrara/encoding";
import { expect, onTestFinished, test } from "vitest";
import { createTestMachine } from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import { createTestUser } from "../../testing/test-user.ts";

const PROGRAM = fileURLToPath(new URL("../../testing/renewal-program.ts", import.meta.url));
const WAIT = { timeout: 40_000, interval: 100 };
const DAY_MS = 86_400_000;
/** What is left of a certificate: a marble asks for another after some three fifths of it. */
const LEFT_MS = 24_000;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // listens on TCP by construction
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** When the certificate that is shown at `port` ends, in milliseconds since 1970. */
async function endOfShown(port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(new Date(socket.getPeerCertificate().valid_to).getTime());
      socket.destroy();
    }).once("error", reject);
  });
}

/** Starts a marble process; answers its output so far. */
function startMarble(type: string, variables: Readonly<Record<string, string>>) {
  const child = spawn(
    process.execPath,
    ["--conditions=@carrara/source", "--import", "tsx", PROGRAM],
    {
      stdio: ["pipe", "pipe", "pipe"],
      env: { EDG_MARBLE_TYPE: type, ...variables },
    },
  );
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output.err += chunk.toString();
  });
  onTestFinished(() => {
    child.stdin.end();
    child.kill();
  });
  return { output, last: () => output.out.trimEnd().split("\n").at(-1) };
}

test("marbles of before an update meet one of after it, renew, and lose no open connection", async () => {
  const machine = await createTestMachine();
  const dir = await mkdtemp(join(tmpdir(), "carrara-renewal-"));
  onTestFinished(async () => {
    await machine.close();
    await rm(dir, { recursive: true, force: true });
  });
  const user = await createTestUser();
  const mesh = await machine.start({ environment: { CARRARA_ACCEPT_UNATTESTED: "1" } });
  const marble = (mode: string) => ({
    Package: "p",
    MaxActivations: mode === "serve" ? 1 : 2,
    TLS: ["t"],
    Parameters: { Argv: [mode] },
  });
  await mesh.coordinator.setManifest(
    testManifest({
      Marbles: { server: marble("serve"), client: marble("dial") },
      TLS: {
        t: { Incoming: [{ Port: "4000" }], Outgoing: [{ Port: "4000", Addr: "localhost" }] },
      },
      Users: { anna: { Certificate: user.pem, Roles: ["raise"] } },
      Roles: {
        raise: {
          ResourceType: "Packages",
          ResourceNames: ["p"],
          Actions: ["UpdateSecurityVersion"],
        },
      },
    }),
  );
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const start = (type: string, name: string) =>
    startMarble(type, {
      EDG_MARBLE_COORDINATOR_ADDR: `127.0.0.1:${mesh.meshPort}`,
      EDG_MARBLE_UUID_FILE: join(dir, name),
      CARRARA_PORT_MAP: JSON.stringify({
        listen: { "4000": address },
        dial: { "localhost:4000": address },
      }),
    });
  const server = start("server", "server");
  await expect.poll(server.last, WAIT).toBe("listening");
  const before = start("client", "before");
  await expect.poll(before.last, WAIT).toBe("new ok, first ok");

  const anna = mesh.coordinator.authenticateUser(user.certificate);
  const raised = utf8(JSON.stringify({ Packages: { p: { SecurityVersion: 4 } } }));
  await mesh.coordinator.updateManifest(anna, raised);
  const after = start("client", "after");

  await expect.poll(after.last, WAIT).toBe("new ok, first ok");
  await expect.poll(() => server.output.err, WAIT).toContain("certificates renewed");
  await expect.poll(() => before.output.err, WAIT).toContain("certificates renewed");
  await expect.poll(before.last, WAIT).toBe("new ok, first ok");
  // Nothing was restarted, and the connection of before both renewals never failed.
  expect(before.output.out).toContain("new failed, first ok");
  expect(before.output.out).not.toContain("first failed");
}, 120_000);

test("a marble shows another shared certificate before the one that it has ends", async () => {
  const machine = await createTestMachine();
  const dir = await mkdtemp(join(tmpdir(), "carrara-renewal-"));
  onTestFinished(async () => {
    await machine.close();
    await rm(dir, { recursive: true, force: true });
  });
  // Made almost a day ago for a day: what is left of it is short enough to wait for.
  const at = { behindMs: DAY_MS - LEFT_MS };
  const mesh = await machine.start({
    environment: { CARRARA_ACCEPT_UNATTESTED: "1" },
    clock: () => new Date(Date.now() - at.behindMs),
  });
  await mesh.coordinator.setManifest(
    testManifest({
      Marbles: { server: { Package: "p", TLS: ["t"], Parameters: { Argv: ["serve"] } } },
      Secrets: { web: { Type: "cert-ecdsa", Size: 256, Shared: true, ValidFor: 1 } },
      TLS: { t: { Incoming: [{ Port: "4000", Cert: "web", DisableClientAuth: true }] } },
    }),
  );
  const port = await freePort();
  const server = startMarble("server", {
    EDG_MARBLE_COORDINATOR_ADDR: `127.0.0.1:${mesh.meshPort}`,
    EDG_MARBLE_UUID_FILE: join(dir, "server"),
    CARRARA_PORT_MAP: JSON.stringify({ listen: { "4000": `127.0.0.1:${port}` } }),
  });
  await expect.poll(server.last, WAIT).toBe("listening");
  const before = await endOfShown(port);
  expect(before).toBeLessThan(Date.now() + LEFT_MS);
  at.behindMs = 0;
  await expect.poll(() => server.output.err, WAIT).toContain("certificates renewed");
  expect(Date.now()).toBeLessThan(before);
  expect(await endOfShown(port)).toBeGreaterThan(Date.now() + DAY_MS / 2);
}, 120_000);
