import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ActivationChange,
  activate,
  api,
  MANIFEST,
  marbleIdentity,
  setManifest,
  startCoordinator,
  type TestCoordinator,
} from "./support/coordinator.ts";
import {
  answerOf,
  clearTo,
  foreignCredentials,
  grpcAnswerOf,
  grpcMessage,
  tlsTo,
} from "./support/raw-peer.ts";

let coordinator: TestCoordinator;

beforeAll(async () => {
  coordinator = await startCoordinator();
});

afterAll(async () => {
  await coordinator.stop();
});

async function statusCode(): Promise<unknown> {
  const { envelope } = await api(coordinator.clientPort, "GET", "/api/v2/status");
  return (envelope.data as { code: number }).code;
}

describe("before a manifest is set", () => {
  test("activation waits", async () => {
    expect(await statusCode()).toBe(2);
    expect(await activate(coordinator)).toMatchObject({
      kind: "retry",
      reason: expect.stringContaining("cannot accept marbles in current state"),
    });
  });

  const withMarble = (marble: object): object => ({
    ...MANIFEST,
    Marbles: { worker: { Package: "worker", ...marble } },
  });
  const withPackage = (worker: object): object => ({ ...MANIFEST, Packages: { worker } });
  const withRole = (role: object): object => ({ ...MANIFEST, Roles: { role } });
  const withSecret = (secret: object): object => ({ ...MANIFEST, Secrets: { secret } });
  const withTls = (tag: object): object => ({ ...MANIFEST, TLS: { tag } });
  const withConfig = (Config: object): object => ({ ...MANIFEST, Config });
  const user = (Certificate: string, ...Roles: string[]): object => ({ Certificate, Roles });
  const reader = { ResourceType: "Secrets", ResourceNames: ["key"], Actions: ["ReadSecret"] };

  /** By the rules of section 4.4, then what setting finds later. */
  test.each<[string, unknown]>([
    ["MANIFEST_NO_PACKAGES", { ...MANIFEST, Packages: {} }],
    ["MANIFEST_NO_MARBLES", { ...MANIFEST, Marbles: {} }],
    ["MANIFEST_PACKAGE_UNKNOWN", withMarble({ Package: "nobody" })],
    ["MANIFEST_PACKAGE_IDENTITY", withPackage({ SignerID: "00" })],
    ["MANIFEST_PACKAGE_IDENTITY", withPackage({ UniqueID: "00", SignerID: "00" })],
    ["MANIFEST_TLS_TAG_UNKNOWN", withMarble({ TLS: ["nobody"] })],
    ["MANIFEST_TLS_PORT_MISSING", withTls({ Incoming: [{}] })],
    ["MANIFEST_TLS_ADDR_MISSING", withTls({ Outgoing: [{ Port: "1" }] })],
    ["MANIFEST_TLS_SECRET_UNKNOWN", withTls({ Incoming: [{ Port: "1", Cert: "nobody" }] })],
    ["MANIFEST_TLS_CLIENT_AUTH", withTls({ Incoming: [{ Port: "1", DisableClientAuth: true }] })],
    ["MANIFEST_USER_CERTIFICATE_MISSING", { ...MANIFEST, Users: { eve: user("") } }],
    ["MANIFEST_USER_ROLE_UNKNOWN", { ...MANIFEST, Users: { eve: user("x", "nobody") } }],
    [
      "MANIFEST_USER_CERTIFICATE_DUPLICATE",
      { ...MANIFEST, Users: { eve: user("x"), mallory: user("x") } },
    ],
    ["MANIFEST_ROLE_RESOURCE_TYPE", withRole({ ...reader, ResourceType: "Votes" })],
    ["MANIFEST_ROLE_ACTION", withRole({ ...reader, Actions: ["Destroy"] })],
    ["MANIFEST_ROLE_RESOURCE_UNKNOWN", withRole({ ...reader, ResourceNames: ["nobody"] })],
    ["MANIFEST_ROLE_RESOURCE_FORBIDDEN", withRole({ ...reader, Actions: ["WriteSecret"] })],
    ["MANIFEST_SECRET_TYPE", withSecret({ Type: "riddle", Size: 128 })],
    [
      "MANIFEST_SECRET_VALIDITY",
      withSecret({
        Type: "cert-rsa",
        Size: 2048,
        ValidFor: 7,
        Cert: { NotAfter: "2030-01-01T00:00:00Z" },
      }),
    ],
    ["MANIFEST_UPDATE_THRESHOLD", withConfig({ UpdateThreshold: 1 })],
    ["MANIFEST_SEAL_MODE", withConfig({ SealMode: "Sometimes" })],
    ["MANIFEST_FEATURE_GATE", withConfig({ FeatureGates: ["Nobody"] })],
    ["MANIFEST_HSM_ENVIRONMENT", withConfig({ FeatureGates: ["AzureHSMSealing"] })],
    ["MANIFEST_RECOVERY_THRESHOLD", withConfig({ RecoveryThreshold: 1 })],
    ["MANIFEST_FILE_ENTRY", withMarble({ Parameters: { Env: { A: null } } })],
    ["MANIFEST_FILE_ENCODING", withMarble({ Parameters: { Env: { A: { Encoding: "rot13" } } } })],
    ["JSON_TYPE", { ...MANIFEST, Packages: [] }],
    ["JSON_SYNTAX", "{"],
    ["JSON_TRAILING", "{} {}"],
    ["SECRET_INVALID", withSecret({ Type: "symmetric-key", Size: 7, Shared: true })],
    ["RECOVERY_KEY_INVALID", { ...MANIFEST, RecoveryKeys: { owner: "no PEM" } }],
    ["MANIFEST_INVALID", { ...MANIFEST, Users: { eve: user("no PEM") } }],
    ["TEMPLATE_PARSE", withMarble({ Parameters: { Env: { A: "{{ hex" } } })],
    ["TEMPLATE_EXECUTION", withMarble({ Parameters: { Env: { A: "{{ hex .Secrets.none }}" } } })],
    ["TEMPLATE_ENV_NUL", withMarble({ Parameters: { Env: { A: "a\0b" } } })],
  ])("a manifest with an error is refused with %s, and nothing is set", async (code, manifest) => {
    const before = coordinator.log().length;
    const { status, envelope } = await setManifest(coordinator.clientPort, manifest);
    expect(status).toBe(500);
    expect(envelope.status).toBe("error");
    expect(envelope.code).toBe(code);
    await expect.poll(() => coordinator.log().slice(before)).toContain(`"code":"${code}"`);
    expect(await statusCode()).toBe(2);
  });
});

describe("with a manifest", () => {
  beforeAll(async () => {
    expect(await setManifest(coordinator.clientPort, MANIFEST)).toMatchObject({ status: 200 });
  });

  test("a second manifest is refused and the first stays", async () => {
    const { status, envelope } = await setManifest(coordinator.clientPort, MANIFEST);
    expect(status).toBe(500);
    expect(envelope.message).toContain("server is not in expected state");
    expect(envelope.code).toBe("STATE_WRONG");
    await expect.poll(() => coordinator.log()).toContain('"code":"STATE_WRONG"');
    expect(await statusCode()).toBe(3);
  });

  test("the enclave that it names activates, and gets parameters and certificate", async () => {
    const attempt = await activate(coordinator);
    expect(attempt.kind).toBe("accepted");
    if (attempt.kind !== "accepted") return;
    const { Env, Argv } = attempt.parameters;
    expect(Argv).toEqual(["worker"]);
    expect(Buffer.from(Env["KEY"] ?? []).toString()).toMatch(/^[0-9a-f]{32}$/);
    expect(
      Buffer.from(Env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"] ?? []).toString(),
    ).toContain("BEGIN CERTIFICATE");
  });

  test.each<[string, ActivationChange]>([
    ["PACKAGE_SIGNER_ID", { enclave: { mrSigner: new Uint8Array(32).fill(9) } }],
    ["PACKAGE_SECURITY_VERSION", { enclave: { isvSvn: 2 } }],
    ["PACKAGE_PRODUCT_ID", { enclave: { isvProdId: 8 } }],
    ["PACKAGE_DEBUG", { enclave: { debug: true } }],
    ["MARBLE_TYPE_UNKNOWN", { marbleType: "stranger" }],
    ["UUID_INVALID", { uuid: "not-a-uuid" }],
    ["QUOTE_MISSING", { quote: () => new Uint8Array() }],
    ["QUOTE_SIGNATURE_INVALID", { quote: (quote) => flip(quote, 100) }],
    ["QUOTE_LENGTH_MISMATCH", { quote: (quote) => quote.subarray(0, 500) }],
    ["CSR_SIGNATURE_INVALID", { csr: (csr) => flip(csr, csr.length - 5) }],
    ["CSR_MALFORMED", { csr: (csr) => csr.subarray(0, 50) }],
  ])("refuses with %s, in the answer and in the log, and goes on", async (code, change) => {
    const before = coordinator.log().length;
    await expect(activate(coordinator, change)).rejects.toMatchObject({
      code: "ACTIVATION_REFUSED",
      message: expect.stringContaining(code),
    });
    await expect.poll(() => coordinator.log().slice(before)).toContain(code);
    expect((await activate(coordinator)).kind).toBe("accepted");
  });

  test("refuses a genuine quote that is replayed over another key", async () => {
    await expect(
      activate(coordinator, { presented: await marbleIdentity() }),
    ).rejects.toMatchObject({ message: expect.stringContaining("QUOTE_REPORT_DATA") });
    await expect.poll(() => coordinator.log()).toContain('"code":"QUOTE_REPORT_DATA"');
    expect((await activate(coordinator)).kind).toBe("accepted");
  });

  test("refuses the second activation where one is allowed, also after a kill", async () => {
    const uuid = crypto.randomUUID();
    expect((await activate(coordinator, { marbleType: "once", uuid })).kind).toBe("accepted");
    await coordinator.restart("SIGKILL");
    await expect(activate(coordinator, { marbleType: "once", uuid })).rejects.toMatchObject({
      message: expect.stringContaining("ACTIVATION_LIMIT"),
    });
    await expect.poll(() => coordinator.log()).toContain('"code":"ACTIVATION_LIMIT"');
  });
});

function flip(bytes: Uint8Array, offset: number): Uint8Array {
  const out = bytes.slice();
  out[offset] = (out[offset] ?? 0) ^ 1;
  return out;
}

describe("bad clients", () => {
  /** Waits until `code` is in what the log has got since the test began. */
  function watchLog(): (code: string) => Promise<void> {
    const before = coordinator.log().length;
    return async (code) => {
      await expect.poll(() => coordinator.log().slice(before)).toContain(`"code":"${code}"`);
    };
  }

  async function expectServing(): Promise<void> {
    expect(await statusCode()).toBe(3);
    expect((await activate(coordinator)).kind).toBe("accepted");
  }

  const GRPC_PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  test.each<[string, string | Uint8Array]>([
    ["clear text", "GET / HTTP/1.1\r\n\r\n"],
    ["half a handshake", Buffer.from("1603010200010001fc0303", "hex")],
    ["noise", Buffer.alloc(70_000, 0x5a)],
  ])(
    "%s on either port is refused with TLS_HANDSHAKE, and the service goes on",
    async (_, bytes) => {
      for (const port of [coordinator.clientPort, coordinator.meshPort]) {
        const logged = watchLog();
        expect(await answerOf(clearTo(port), bytes)).not.toContain("HTTP");
        await logged("TLS_HANDSHAKE");
      }
      await expectServing();
    },
  );

  test("a mesh connection without a certificate is refused", async () => {
    const logged = watchLog();
    const socket = tlsTo(coordinator.meshPort, { ALPNProtocols: ["h2"] });
    expect(await answerOf(socket, GRPC_PREFACE)).toBe("");
    await logged("PEER_CERTIFICATE_MISSING");
    await expectServing();
  });

  test("a user with a foreign certificate, or with none, is nobody", async () => {
    for (const credentials of [await foreignCredentials(), {}]) {
      const logged = watchLog();
      const socket = tlsTo(coordinator.clientPort, credentials);
      const question = "GET /api/v2/secrets?s=key HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
      const answer = await answerOf(socket, question);
      expect(answer).toMatch(/^HTTP\/1.1 401 /);
      expect(answer).toContain('"code":"USER_UNAUTHORIZED"');
      await logged("USER_UNAUTHORIZED");
    }
    await expectServing();
  });

  const POST = "POST /api/v2/manifest HTTP/1.1\r\nHost: x\r\n";

  test.each<[string, string, number, string]>([
    ["an oversized body", `${POST}Content-Length: 41943040\r\n\r\n`, 413, "REQUEST_TOO_LARGE"],
    ["endless headers", `${POST}X: ${"x".repeat(60_000)}\r\n\r\n`, 431, "REQUEST_TOO_LARGE"],
    ["a cut body", `${POST}Content-Length: 100\r\n\r\n{"manifest"`, 400, "REQUEST_MALFORMED"],
    ["a cut head", POST, 400, "REQUEST_MALFORMED"],
    ["cut JSON", `${POST}Content-Length: 11\r\n\r\n{"manifest"`, 400, "JSON_SYNTAX"],
  ])("the client port refuses %s, and the service goes on", async (_, text, status, code) => {
    const logged = watchLog();
    const answer = await answerOf(tlsTo(coordinator.clientPort), text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(`"code":"${code}"`);
    await logged(code);
    await expectServing();
  });

  test.each<[string, Uint8Array, string]>([
    ["an oversized message", grpcMessage(8 << 20, new Uint8Array(70_000)), "REQUEST_TOO_LARGE"],
    ["a cut message", grpcMessage(100, Uint8Array.of(0x0a, 2)), "REQUEST_MALFORMED"],
    ["no message", new Uint8Array(), "REQUEST_MALFORMED"],
    ["noise", grpcMessage(3, Uint8Array.of(255, 255, 255)), "REQUEST_MALFORMED"],
  ])("the mesh port refuses %s, and the service goes on", async (_, bytes, code) => {
    const logged = watchLog();
    const answer = await grpcAnswerOf(coordinator.meshPort, "/rpc.Marble/Activate", bytes);
    expect(answer.code).toBe(code);
    await logged(code);
    await expectServing();
  });

  test.each([
    ["GET", "/nowhere"],
    ["DELETE", "/api/v2/manifest"],
    ["GET", "/api/v2/status/"],
  ])("%s %s is 405", async (method, path) => {
    expect((await api(coordinator.clientPort, method, path)).status).toBe(405);
  });
});

describe("sealed state", () => {
  test("survives kill -9 with manifest and root certificate", async () => {
    const quoteOf = async (): Promise<unknown> =>
      (await api(coordinator.clientPort, "GET", "/api/v2/quote")).envelope.data;
    const before = (await quoteOf()) as { cert: string };
    await coordinator.restart("SIGKILL");
    expect(await statusCode()).toBe(3);
    expect(((await quoteOf()) as { cert: string }).cert).toBe(before.cert);
    expect((await activate(coordinator)).kind).toBe("accepted");
  });

  test("without its key leads to recovery mode, and no marble activates", async () => {
    const state = join(coordinator.dir, "state");
    const saved = new Map<string, Buffer>();
    for (const name of await readdir(state)) saved.set(name, await readFile(join(state, name)));
    for (const name of saved.keys()) {
      if (name.startsWith("sealed_key")) await writeFile(join(state, name), Buffer.alloc(0));
    }
    await coordinator.restart("SIGTERM");
    expect(await statusCode()).toBe(1);
    expect(await activate(coordinator)).toMatchObject({ kind: "retry" });
    for (const [name, bytes] of saved) await writeFile(join(state, name), bytes);
    await coordinator.restart("SIGTERM");
    expect(await statusCode()).toBe(3);
  });

  test("that was tampered with is refused with STATE_TAMPERED", async () => {
    const state = join(coordinator.dir, "state");
    for (const name of await readdir(state)) {
      if (!name.startsWith("sealed_data")) continue;
      const bytes = await readFile(join(state, name));
      await writeFile(join(state, name), flip(bytes, bytes.length - 1));
    }
    const code = await coordinator.startAndFail();
    expect(code).not.toBe(0);
    expect(coordinator.log()).toContain("STATE_TAMPERED");
  });
});
