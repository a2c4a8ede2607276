import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { createServer } from "node:tls";
import { encodePem } from "@carrara/encoding";
import { commonName, generateEcKey, issueCertificate, randomSerial } from "@carrara/pki";
import { expect, onTestFinished, test } from "vitest";
import { watchIssuer } from "./issuer-watch.ts";

const HOUR_MS = 3_600_000;

/** A marble root as the Coordinator's mesh API shows it. */
async function createRoot(): Promise<{ readonly cert: string; readonly key: string }> {
  const { signer, spki, pkcs8 } = await generateEcKey("P-256");
  const name = commonName("MarbleRun Coordinator - Intermediate CA");
  const notBefore = new Date(Date.now() - HOUR_MS);
  const notAfter = new Date(Date.now() + HOUR_MS);
  const subject = { issuer: name, subject: name, notBefore, notAfter, spki, extensions: [] };
  const der = await issueCertificate({ serial: randomSerial(), ...subject }, signer);
  return { cert: encodePem("CERTIFICATE", der), key: encodePem("PRIVATE KEY", pkcs8) };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const own = await createRoot();

/** How often a stranger was met in `looks` looks. */
async function strangersIn(
  looks: number,
  coordinatorAddress: string,
  marbleRoot: (look: number) => string | undefined,
  identity = own,
): Promise<number> {
  const stopped = new AbortController();
  let look = 0;
  let strangers = 0;
  await watchIssuer({
    coordinatorAddress,
    signal: stopped.signal,
    random: () => 0.5,
    sleep: async (ms) => {
      expect(ms).toBe(20_000);
      look += 1;
      if (look === looks) stopped.abort();
      await Promise.resolve();
    },
    current: () => ({ marbleRoot: marbleRoot(look), ...identity }),
    onStranger: () => {
      strangers += 1;
    },
  });
  return strangers;
}

test("a Coordinator with another marble root is a stranger until this process has that root", async () => {
  const [before, after] = [await createRoot(), await createRoot()];
  const server = createServer({ ...after, requestCert: true, rejectUnauthorized: false });
  const failures: unknown[] = [];
  const callers: unknown[] = [];
  server.on("tlsClientError", (error) => void failures.push(error));
  server.on("secureConnection", (socket) => {
    socket.on("error", (error) => void failures.push(error)).resume();
    callers.push(socket.getPeerCertificate().subject.CN);
  });
  const address = await listen(server);
  expect(await strangersIn(3, address, () => after.cert)).toBe(0);
  expect(await strangersIn(5, address, (look) => (look < 3 ? before : after).cert)).toBe(2);
  expect(failures).toEqual([]);
  const named = Array(8).fill("MarbleRun Coordinator - Intermediate CA");
  await expect.poll(() => callers).toEqual(named);
});

test("nobody, silence, no TLS, no address and no root are no strangers", async () => {
  const { cert, key } = await createRoot();
  const away = createTcpServer();
  const closed = await listen(away);
  away.close();
  const plain = await listen(createTcpServer((socket) => void socket.end("220 hello\r\n")));
  const mesh = await listen(createServer({ cert, key }));
  for (const address of [closed, plain, "nowhere"]) {
    expect(await strangersIn(1, address, () => cert)).toBe(0);
  }
  const broken = { cert: "none", key: "none" };
  expect(await strangersIn(1, mesh, () => own.cert, broken)).toBe(0);
  for (const root of [undefined, "", "-----BEGIN", cert.replaceAll("A", "B")]) {
    expect(await strangersIn(1, mesh, () => root)).toBe(0);
  }
});
