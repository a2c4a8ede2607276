import { createServer as createHttpsServer, type Server } from "node:https";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import type { TLSSocket } from "node:tls";
import { encodePem, utf8 } from "@carrara/encoding";
import { commonName, extension, generateEcKey, issueCertificate, randomSerial } from "@carrara/pki";
import { afterEach, describe, expect, test } from "vitest";
import { createHttpsTransport } from "./https-transport.ts";

const servers: (Server | TcpServer)[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function createRoot(dnsName: string): Promise<{ cert: string; key: string }> {
  const key = await generateEcKey("P-384");
  const name = commonName("root");
  const der = await issueCertificate(
    {
      serial: randomSerial(),
      issuer: name,
      subject: name,
      notBefore: new Date(Date.now() - 60_000),
      notAfter: new Date(Date.now() + 3_600_000),
      spki: key.spki,
      extensions: [
        extension.basicConstraints(true),
        extension.subjectAlternativeName({ dnsNames: [dnsName], ipAddresses: [] }),
      ],
    },
    key.signer,
  );
  return { cert: encodePem("CERTIFICATE", der), key: encodePem("PRIVATE KEY", key.pkcs8) };
}

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const get = { method: "GET", path: "/x" } as const;

describe("createHttpsTransport", () => {
  test("talks to a server whose root is pinned", async () => {
    const root = await createRoot("localhost");
    const server = createHttpsServer(root, (request, response) => {
      request.resume().on("end", () => response.end(`${request.method} ${request.url}`));
    });
    const host = { name: "localhost", port: await listen(server) };
    const trust = { kind: "pinned", rootPem: root.cert } as const;
    const body = utf8("{}");
    const answer = await createHttpsTransport({ host })({
      method: "POST",
      path: "/x",
      body,
      trust,
    });
    expect(answer).toMatchObject({ status: 200, body: utf8("POST /x") });
  });

  test.each([
    ["another root", "localhost", false],
    ["another host name", "mesh.example.org", true],
  ])("refuses %s with TLS_NOT_TRUSTED", async (_, dnsName, sameRoot) => {
    const root = await createRoot(dnsName);
    const pinned = sameRoot ? root : await createRoot(dnsName);
    const server = createHttpsServer(root, (_request, response) => response.end());
    const host = { name: "localhost", port: await listen(server) };
    const trust = { kind: "pinned", rootPem: pinned.cert } as const;
    await expect(createHttpsTransport({ host })({ ...get, trust })).rejects.toMatchObject({
      name: "ClientError",
      code: "TLS_NOT_TRUSTED",
    });
  });

  test.each(["", "no certificate"])(
    "believes nobody where the pinned root is %o",
    async (rootPem) => {
      const transport = createHttpsTransport({ host: { name: "localhost", port: 1 } });
      const trust = { kind: "pinned", rootPem } as const;
      await expect(transport({ ...get, trust })).rejects.toMatchObject({
        name: "ClientError",
        code: "TLS_NOT_TRUSTED",
      });
    },
  );

  test("shows a client certificate, and refuses a key that is not its own", async () => {
    const root = await createRoot("localhost");
    const other = await createRoot("localhost");
    const asking = { ...root, requestCert: true, rejectUnauthorized: false };
    const server = createHttpsServer(asking, (request, response) => {
      const { socket } = request;
      response.end(
        "getPeerCertificate" in socket ? (socket as TLSSocket).getPeerCertificate().raw : "",
      );
    });
    const host = { name: "localhost", port: await listen(server) };
    const transport = createHttpsTransport({ host });
    const trust = { kind: "pinned", rootPem: root.cert } as const;
    const identity = { certificatePem: other.cert, privateKeyPem: other.key };
    const { body } = await transport({ ...get, trust, identity });
    expect(encodePem("CERTIFICATE", body)).toBe(other.cert);
    for (const privateKeyPem of [root.key, "secret text", ""]) {
      const refused = transport({ ...get, trust, identity: { ...identity, privateKeyPem } });
      await expect(refused).rejects.toMatchObject({
        name: "ClientError",
        code: "IDENTITY_INVALID",
        message: expect.not.stringContaining("secret"),
      });
    }
  });

  test("reports a port that nobody listens on as UNREACHABLE", async () => {
    const probe = createTcpServer();
    const port = await listen(probe);
    await new Promise((resolve) => {
      probe.close(resolve);
    });
    const transport = createHttpsTransport({ host: { name: "127.0.0.1", port } });
    await expect(transport({ ...get, trust: { kind: "unverified" } })).rejects.toMatchObject({
      code: "UNREACHABLE",
    });
  });

  test("reports a server that says nothing as UNREACHABLE after the timeout", async () => {
    const sockets: { destroy(): unknown }[] = [];
    const port = await listen(createTcpServer((socket) => void sockets.push(socket)));
    const transport = createHttpsTransport({ host: { name: "127.0.0.1", port }, timeoutMs: 100 });
    await expect(transport({ ...get, trust: { kind: "unverified" } })).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringContaining("100 ms"),
    });
    for (const socket of sockets) socket.destroy();
  });

  test("stops reading an answer above the limit with RESPONSE_TOO_LARGE", async () => {
    const root = await createRoot("localhost");
    const chunk = Buffer.alloc(1024 * 1024);
    const server = createHttpsServer(root, (_request, response) => {
      const more = () => {
        while (response.write(chunk));
      };
      response.on("drain", more).on("error", () => undefined);
      more();
    });
    const host = { name: "localhost", port: await listen(server) };
    const transport = createHttpsTransport({ host });
    await expect(transport({ ...get, trust: { kind: "unverified" } })).rejects.toMatchObject({
      code: "RESPONSE_TOO_LARGE",
    });
  });

  test("rejects with the signal's reason when it aborts", async () => {
    const sockets: { destroy(): unknown }[] = [];
    const port = await listen(createTcpServer((socket) => void sockets.push(socket)));
    const transport = createHttpsTransport({ host: { name: "127.0.0.1", port } });
    const abort = new AbortController();
    const pending = transport({ ...get, trust: { kind: "unverified" }, signal: abort.signal });
    abort.abort(new Error("stopped"));
    await expect(pending).rejects.toThrow("stopped");
    for (const socket of sockets) socket.destroy();
  });
});
