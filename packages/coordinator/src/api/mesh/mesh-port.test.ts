import { connect as connectHttp2 } from "node:http2";
import { connect as connectPlain } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import { encodePem } from "@carrara/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createTestMachine,
  type TestCoordinator,
  type TestMachine,
} from "../../testing/test-coordinator.ts";
import { testManifest } from "../../testing/test-manifest.ts";
import { callActivate, openMeshClient, prepareMarble } from "../../testing/test-marble.ts";
import { CODE_METADATA } from "./activate-handler.ts";
import { serveMeshApi } from "./mesh-api.ts";

let machine: TestMachine;
let mesh: TestCoordinator;

beforeAll(async () => {
  machine = await createTestMachine();
  mesh = await machine.start();
  await mesh.coordinator.setManifest(testManifest());
});

afterAll(async () => await machine.close());

/** Codes of what was refused since the test began, in the log's order. */
function watchRefusals(message: string): () => unknown[] {
  const before = mesh.log.records.length;
  return () =>
    mesh.log.records
      .slice(before)
      .filter((record) => record.message === message)
      .map(({ fields }) => fields["code"]);
}

/** Credentials of a marble that nobody knows yet, as any peer could make them. */
async function anyCredentials(): Promise<ConnectionOptions> {
  const { identity } = await prepareMarble("web", undefined);
  return {
    cert: encodePem("CERTIFICATE", identity.certificate),
    key: encodePem("PRIVATE KEY", identity.pkcs8),
    rejectUnauthorized: false,
  };
}

async function expectServing(): Promise<void> {
  const { identity, fields } = await prepareMarble("web", machine.teeFor());
  expect((await callActivate(mesh.meshPort, identity, fields)).kind).toBe("accepted");
}

async function closed(socket: ReturnType<typeof connectPlain>): Promise<void> {
  await new Promise((resolve) => socket.on("close", resolve).on("error", () => undefined));
}

describe("a connection", () => {
  const refusals = (): (() => unknown[]) => watchRefusals("mesh connection refused");

  test("without certificate is refused", async () => {
    const refused = refusals();
    const options = { ALPNProtocols: ["h2"], rejectUnauthorized: false };
    await closed(connect({ ...options, port: mesh.meshPort, host: "127.0.0.1" }));
    expect(refused()).toEqual(["PEER_CERTIFICATE_MISSING"]);
  });

  test("that speaks no h2 is refused", async () => {
    const refused = refusals();
    const credentials = await anyCredentials();
    await closed(connect({ ...credentials, port: mesh.meshPort, host: "127.0.0.1" }));
    expect(refused()).toEqual(["REQUEST_MALFORMED"]);
  });

  test("in plain text is refused, and the service goes on", async () => {
    const refused = refusals();
    const socket = connectPlain(mesh.meshPort, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await closed(socket);
    expect(refused()).toEqual(["TLS_HANDSHAKE"]);
    await expectServing();
  });

  test("whose handshake does not come is ended", async () => {
    const refused = refusals();
    const { coordinator, log } = mesh;
    const slow = await serveMeshApi({
      coordinator,
      log,
      address: { host: "127.0.0.1", port: 0 },
      connectionLogLevel: "error",
      handshakeTimeoutMs: 100,
    });
    await closed(connectPlain(slow.port, "127.0.0.1"));
    expect(refused()).toEqual(["TLS_HANDSHAKE_TIMEOUT"]);
    await slow.close();
    await slow.close();
  });
});

describe("a call", () => {
  const refusals = (): (() => unknown[]) => watchRefusals("call refused");

  /** Sends these bytes as the request of one call, its end only with `end`. */
  async function callRaw(port: number, bytes: Uint8Array, end: boolean) {
    const session = connectHttp2(`https://127.0.0.1:${port}`, await anyCredentials());
    const stream = session.request({
      ":method": "POST",
      ":path": "/rpc.Marble/Activate",
      "content-type": "application/grpc",
      te: "trailers",
    });
    stream.write(bytes);
    if (end) stream.end();
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.once("response", resolve);
      stream.once("error", reject);
    });
    session.destroy();
    return { status: headers["grpc-status"], code: headers[CODE_METADATA] };
  }

  const frame = (length: number, body: string): Uint8Array => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(length, 1);
    return Buffer.concat([head, Buffer.from(body, "hex")]);
  };

  const COMPRESSED = Uint8Array.of(1, 0, 0, 0, 1, 0);

  test.each<[string, Uint8Array, string, string]>([
    ["whose message is too large", frame(200_000, "00"), "8", "REQUEST_TOO_LARGE"],
    ["that is cut off in its message", frame(100, "0a02"), "12", "REQUEST_MALFORMED"],
    ["without a message", new Uint8Array(), "12", "REQUEST_MALFORMED"],
    ["of bytes that are no message", frame(3, "ffffff"), "13", "REQUEST_MALFORMED"],
    ["that says falsely it is compressed", COMPRESSED, "13", "REQUEST_MALFORMED"],
  ])("%s is refused with a code, in the answer and in the log", async (_, bytes, status, code) => {
    const refused = refusals();
    expect(await callRaw(mesh.meshPort, bytes, true)).toEqual({ status, code });
    expect(refused()).toEqual([code]);
    await expectServing();
  });

  test("whose request does not come is ended", async () => {
    const refused = refusals();
    const { coordinator, log } = mesh;
    const slow = await serveMeshApi({
      coordinator,
      log,
      address: { host: "127.0.0.1", port: 0 },
      connectionLogLevel: "error",
      requestTimeoutMs: 100,
    });
    expect(await callRaw(slow.port, frame(100, "0a02"), false)).toEqual({
      status: "4",
      code: "REQUEST_TIMEOUT",
    });
    expect(refused()).toEqual(["REQUEST_TIMEOUT"]);
    await slow.close();
  });

  test("that a client makes too large gets the code with its status", async () => {
    const { identity, fields } = await prepareMarble("web", machine.teeFor());
    const large = { ...fields, Quote: new Uint8Array(200_000) };
    expect(await callActivate(mesh.meshPort, identity, large)).toMatchObject({
      status: "RESOURCE_EXHAUSTED",
      code: "REQUEST_TOO_LARGE",
    });
  });

  test("to another method is refused as unimplemented", async () => {
    const { identity } = await prepareMarble("web", undefined);
    const client = openMeshClient(mesh.meshPort, identity);
    const same = (value: Buffer): Buffer => value;
    const status = await new Promise((resolve) => {
      client.makeUnaryRequest("/rpc.Marble/Other", same, same, Buffer.from([]), (error) =>
        resolve(error?.code),
      );
    });
    client.close();
    expect(status).toBe(12);
  });
});
