import net from "node:net";
import tls from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProgram, type TestProgram, tlsConfig } from "./testing/start-program.ts";
import { createTestMesh, type TestMesh } from "./testing/test-mesh.ts";

const SERVICE = "emoji-svc.emojivoto";
const PORTS = { net: 8080, http: 8081, http2: 8082, grpc: 8083 } as const;
/** A listener without client authentication, as a public web port has. */
const PUBLIC_PORT = 4433;
/** What the client's names lead to; only the first is what the server's certificate says. */
const NAMES = [SERVICE, "other-svc.emojivoto", "127.0.0.9"];

interface World {
  readonly mesh: TestMesh;
  readonly foreign: TestMesh;
  readonly server: TestProgram;
  readonly client: TestProgram;
  /** Real ports by kind. */
  readonly real: ReadonlyMap<string, number>;
}

let world: World;

async function freePort(): Promise<number> {
  const probe = net.createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function startServer(mesh: TestMesh): Promise<[TestProgram, Map<string, number>]> {
  const own = await mesh.entry([SERVICE], { clientAuth: true });
  const open = await mesh.entry(["localhost"], { clientAuth: false });
  const ports = [...Object.values(PORTS), PUBLIC_PORT];
  const listen = await Promise.all(
    ports.map(async (port) => [port, `127.0.0.1:${await freePort()}`] as const),
  );
  const incoming = Object.values(PORTS).map((port) => [`*:${port}`, own] as const);
  const server = await startProgram(
    tlsConfig({ ...Object.fromEntries(incoming), [`*:${PUBLIC_PORT}`]: open }, {}),
    { listen: Object.fromEntries(listen) },
  );
  const real = new Map<string, number>();
  for (const [kind, port] of [...Object.entries(PORTS), ["public", PUBLIC_PORT] as const]) {
    const answer = await server.ask("listen", { kind: kind === "public" ? "http" : kind, port });
    real.set(kind, Number(answer));
  }
  return [server, real];
}

function dialMap(real: ReadonlyMap<string, number>): Record<string, string> {
  return Object.fromEntries(
    NAMES.flatMap((name) =>
      Object.entries(PORTS).map(([kind, port]) => [
        `${name}:${port}`,
        `127.0.0.1:${real.get(kind)}`,
      ]),
    ),
  );
}

async function startClient(
  mesh: TestMesh,
  real: ReadonlyMap<string, number>,
): Promise<TestProgram> {
  const entry = await mesh.entry(["web"]);
  const outgoing = Object.keys(dialMap(real)).map((key) => [key, entry] as const);
  return await startProgram(tlsConfig({}, Object.fromEntries(outgoing)), { dial: dialMap(real) });
}

const state = async () =>
  (await world.server.ask("state")) as { delivered: number; receivedBytes: number };

const delivered = async (): Promise<number> => (await state()).delivered;

async function logged(program: TestProgram, pattern: RegExp): Promise<void> {
  await expect.poll(() => program.log()).toMatch(pattern);
}

/** Dials a port of the server with plain TLS, as a stranger would; answers what it got or an error. */
async function stranger(kind: string, options: tls.ConnectionOptions): Promise<string> {
  return await new Promise((resolve) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port: world.real.get(kind) ?? 0,
      servername: SERVICE,
      rejectUnauthorized: false,
      ...options,
    });
    let got = "";
    socket.on("data", (chunk) => {
      got += chunk.toString("latin1");
      socket.end();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(`error ${error.code}`));
    socket.on("close", () => resolve(got === "" ? "closed" : got));
    socket.write("hello");
  });
}

beforeAll(async () => {
  const [mesh, foreign] = await Promise.all([createTestMesh(), createTestMesh()]);
  const [server, real] = await startServer(mesh);
  const client = await startClient(mesh, real);
  world = { mesh, foreign, server, client, real };
}, 30_000);

afterAll(async () => {
  await Promise.all([world.server.stop(), world.client.stop()]);
});

const DIALS = [
  ["net", "net"],
  ["createConnection", "net"],
  ["socket", "net"],
  ["lookup", "net"],
  ["http", "http"],
  ["fetch", "http"],
  ["http2", "http2"],
  ["grpc", "grpc"],
] as const;

describe("a program that knows nothing of TLS", () => {
  test.each(DIALS)("dialling by %s reaches a plain %s server over mutual TLS", async (kind, to) => {
    const before = await delivered();
    expect(await world.client.ask("dial", { kind, host: SERVICE, port: PORTS[to] })).toBe(true);
    expect(await delivered()).toBe(before + 1);
  });

  test.each(DIALS)("moves 8 MiB both ways by %s", async (kind, to) => {
    const dial = { kind, host: SERVICE, port: PORTS[to], size: 8 * 1024 * 1024 };
    expect(await world.client.ask("dial", dial)).toBe(true);
  });

  test.each(DIALS)("makes 50 connections at once by %s", async (kind, to) => {
    const dial = { kind, host: SERVICE, port: PORTS[to], count: 50 };
    expect(await world.client.ask("dial", dial)).toBe(true);
  });

  test.each([
    ...DIALS.filter(([kind]) => kind !== "grpc").map(
      ([kind, to]) => [kind, to, "ERR_TLS_CERT_ALTNAME_INVALID"] as const,
    ),
    ["grpc", "grpc", "14"] as const,
  ])(
    "dialling by %s refuses a peer of another name and sends it nothing",
    async (kind, to, code) => {
      const before = await state();
      const dial = { kind, host: "other-svc.emojivoto", port: PORTS[to] };
      await expect(world.client.ask("dial", dial)).rejects.toThrow(code);
      await logged(world.client, /PEER_CERTIFICATE_REFUSED host=other-svc.emojivoto/);
      const { delivered: calls, receivedBytes } = await state();
      expect(receivedBytes).toBe(before.receivedBytes);
      // The raw server counts connections, and this client is one of its mesh.
      if (to !== "net") expect(calls).toBe(before.delivered);
    },
  );

  test("dialling an address demands that address in the certificate", async () => {
    const dial = { kind: "net", host: "127.0.0.9", port: PORTS.net };
    await expect(world.client.ask("dial", dial)).rejects.toThrow("ERR_TLS_CERT_ALTNAME_INVALID");
  });
});

describe("a listener that demands client certificates", () => {
  const cases = [
    ["no certificate", async () => ({}), "PEER_CERTIFICATE_MISSING"],
    [
      "a certificate of another mesh",
      async () => await world.foreign.issue(["web"]),
      "PEER_CERTIFICATE_REFUSED",
    ],
    [
      "an expired certificate",
      async () => await world.mesh.issue(["web"], -1000),
      "PEER_CERTIFICATE_REFUSED",
    ],
  ] as const;
  const peers = cases.flatMap(([what, leaf, code]) =>
    Object.keys(PORTS).flatMap((kind) =>
      (["TLSv1.2", "TLSv1.3"] as const).map(
        (version) => [what, kind, version, leaf, code] as const,
      ),
    ),
  );

  test.each(peers)(
    "refuses %s on %s with %s, logs it and goes on",
    async (_, kind, version, leaf, code) => {
      const before = await delivered();
      const pattern = new RegExp(
        `connection refused code=${code} port=${PORTS[kind as "net"]}`,
        "g",
      );
      const count = (): number => world.server.log().match(pattern)?.length ?? 0;
      const earlier = count();
      const protocol = kind === "http2" || kind === "grpc" ? { ALPNProtocols: ["h2"] } : {};
      const result = await stranger(kind, {
        ...(await leaf()),
        ...protocol,
        minVersion: version,
        maxVersion: version,
      });
      expect(result).toMatch(/^(?:error|closed)/);
      await expect.poll(count).toBe(earlier + 1);
      expect(await delivered()).toBe(before);
      expect(
        await world.client.ask("dial", { kind, host: SERVICE, port: PORTS[kind as "net"] }),
      ).toBe(true);
    },
  );

  test("refuses plaintext with HANDSHAKE_FAILED and hands nothing to the program", async () => {
    const before = await delivered();
    const result = await new Promise((resolve) => {
      const socket = net.connect(world.real.get("http") ?? 0, "127.0.0.1");
      let got = "";
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        got += chunk.toString("latin1");
      });
      socket.on("close", () => resolve(got));
      socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    });
    expect(result).not.toContain("HTTP/1.1");
    await logged(world.server, /code=HANDSHAKE_FAILED port=8081 .*reason=ERR_SSL/);
    expect(await delivered()).toBe(before);
  });

  test("refuses TLS 1.1", async () => {
    const leaf = await world.mesh.issue(["web"]);
    const version = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" } as const;
    const result = await stranger("net", { ...leaf, ...version, ciphers: "DEFAULT@SECLEVEL=0" });
    expect(result).toMatch(/^error/);
  });

  test("survives peers that vanish in the middle of a handshake", async () => {
    for (let i = 0; i < 20; i += 1) {
      const socket = net.connect(world.real.get("net") ?? 0, "127.0.0.1");
      socket.on("error", () => {});
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.write(Buffer.from("1603010200010001fc0303", "hex"));
      socket.resetAndDestroy();
    }
    expect(await world.client.ask("dial", { kind: "net", host: SERVICE, port: PORTS.net })).toBe(
      true,
    );
  });

  test("speaks TLS 1.3 with a peer of the mesh and shows the leaf certificate", async () => {
    const leaf = await world.mesh.issue(["web"]);
    const socket = tls.connect({
      host: "127.0.0.1",
      port: world.real.get("net") ?? 0,
      servername: SERVICE,
      ca: world.mesh.caCert,
      ...leaf,
    });
    await new Promise((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    expect(socket.getProtocol()).toBe("TLSv1.3");
    expect(socket.getPeerCertificate().subjectaltname).toBe(`DNS:${SERVICE}`);
    socket.destroy();
  });

  test("negotiates h2 with a peer that offers it and refuses one that offers only others", async () => {
    const leaf = await world.mesh.issue(["web"]);
    const alpn = async (protocols: string[]): Promise<unknown> =>
      await new Promise((resolve) => {
        const socket = tls.connect({
          host: "127.0.0.1",
          port: world.real.get("http2") ?? 0,
          servername: SERVICE,
          ca: world.mesh.caCert,
          ALPNProtocols: protocols,
          ...leaf,
        });
        socket.once("secureConnect", () => resolve(socket.alpnProtocol));
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
        socket.once("secureConnect", () => socket.destroy());
      });
    expect(await alpn(["h2", "http/1.1"])).toBe("h2");
    expect(await alpn(["http/1.1"])).toBe("ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
  });
});

describe("a listener without client authentication", () => {
  test("serves anyone over TLS", async () => {
    const request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    const answer = await new Promise((resolve) => {
      const socket = tls.connect({
        host: "127.0.0.1",
        port: world.real.get("public") ?? 0,
        servername: "localhost",
        ca: world.mesh.caCert,
      });
      socket.once("data", (chunk) => resolve(chunk.toString("latin1")));
      socket.once("error", (error) => resolve(error.message));
      socket.write(request);
    });
    expect(answer).toMatch(/^HTTP\/1.1 200/);
  });
});

describe("a dialled server that is not the peer it should be", () => {
  const cases = [
    [
      "an expired certificate",
      async (mesh: TestMesh) => await mesh.issue([SERVICE], -1000),
      "CERT_HAS_EXPIRED",
    ],
    [
      "a certificate of another mesh",
      async () => await (await createTestMesh()).issue([SERVICE]),
      "SIGNATURE",
    ],
  ] as const;

  test.each(cases)("with %s is refused before anything is sent", async (_, issue, code) => {
    const mesh = await createTestMesh();
    let received = "";
    const impostor = tls.createServer({ ...(await issue(mesh)) }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
      });
    });
    await new Promise<void>((resolve) => impostor.listen(0, "127.0.0.1", resolve));
    const { port } = impostor.address() as net.AddressInfo;
    const client = await startClient(mesh, new Map(Object.keys(PORTS).map((kind) => [kind, port])));
    try {
      for (const [kind, to] of DIALS) {
        const dial = client.ask("dial", { kind, host: SERVICE, port: PORTS[to], size: 50_000 });
        await expect(dial).rejects.toThrow(kind === "grpc" ? "14" : code);
      }
      expect(received).toBe("");
    } finally {
      await client.stop();
      await new Promise((resolve) => impostor.close(resolve));
    }
  });

  test("plain servers get no plain text", async () => {
    let received = Buffer.alloc(0);
    const plain = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        socket.end("HTTP/1.1 200 OK\r\n\r\n");
      });
    });
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const { port } = plain.address() as net.AddressInfo;
    const client = await startClient(
      world.mesh,
      new Map(Object.keys(PORTS).map((kind) => [kind, port])),
    );
    try {
      for (const [kind, to] of DIALS) {
        await expect(
          client.ask("dial", { kind, host: SERVICE, port: PORTS[to] }),
        ).rejects.toThrow();
      }
      expect(received.includes("hello")).toBe(false);
    } finally {
      await client.stop();
      await new Promise((resolve) => plain.close(resolve));
    }
  });
});

describe("looking up a dialled name", () => {
  test.each([
    [{}, { address: "127.77.0.1", family: 4 }],
    [{ family: 4 }, { address: "127.77.0.1", family: 4 }],
    [{ family: 0 }, { address: "127.77.0.1", family: 4 }],
    [{ family: 6 }, { address: "::ffff:127.77.0.1", family: 6 }],
  ])("with %j answers a stand-in", async (options, found) => {
    const one = await world.client.ask("lookup", { host: SERVICE.toUpperCase(), options });
    expect(one).toEqual({ promise: found, callback: [found.address, found.family] });
    const all = await world.client.ask("lookup", {
      host: SERVICE,
      options: { ...options, all: true },
    });
    expect(all).toEqual({ promise: [found], callback: [[found]] });
  });

  test("by a resolver answers the same", async () => {
    expect(await world.client.ask("resolve", { host: SERVICE })).toEqual([
      ["127.77.0.1"],
      ["::ffff:127.77.0.1"],
      [{ address: "127.77.0.1", ttl: 0 }],
    ]);
  });

  test("leaves other names alone", async () => {
    expect(await world.client.ask("lookup", { host: "localhost", options: { family: 4 } })).toEqual(
      {
        promise: { address: "127.0.0.1", family: 4 },
        callback: ["127.0.0.1", 4],
      },
    );
  });
});

test("undoing leaves the functions of Node as they were", async () => {
  const program = await startProgram(tlsConfig({}, {}));
  expect(await program.ask("uninstall")).toBe(true);
  await program.stop();
});
