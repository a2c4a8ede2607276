import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { encodeOeQuote } from "@carrara/attestation";
import { concatBytes, encodePem, fromBase64, toBase64 } from "@carrara/encoding";
import { commonName, extension, generateEcKey, issueCertificate, randomSerial } from "@carrara/pki";
import { createSimulatedPlatform, type EnclaveIdentity } from "@carrara/tee";

/** Who the fake Coordinator's evidence says it is. */
export const FAKE_IDENTITY: EnclaveIdentity = {
  mrEnclave: new Uint8Array(32).fill(0xe1),
  mrSigner: new Uint8Array(32).fill(0x51),
  isvProdId: 3,
  isvSvn: 2,
  debug: false,
};

/** A request to a fake Coordinator. */
export interface FakeCall {
  /** Method, path and query. */
  readonly route: string;
  readonly body: string;
  /** DER of the certificate that the client showed. */
  readonly certificate: Uint8Array | undefined;
}

/** Thrown by {@link FakeCoordinatorOptions.answer}: an error answer. */
export class FakeRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "FakeRefusal";
    this.status = status;
  }
}

/** What a fake Coordinator does differently from a good one. */
export interface FakeCoordinatorOptions {
  /** For the simulated platform. */
  readonly dir: string;
  readonly identity?: Partial<EnclaveIdentity>;
  /** Changes the quote before it is sent; undefined sends none. */
  readonly quote?: (good: Uint8Array) => Uint8Array | undefined;
  /** What the evidence is made over in place of its own root certificate. */
  readonly evidenceOver?: Uint8Array;
  readonly collateralRoute?: boolean;
  readonly recoverySecrets?: Readonly<Record<string, string>>;
  /** Asked first: data of a success, or undefined for the usual answer. */
  readonly answer?: (call: FakeCall) => unknown;
  /** Served without an envelope; an unknown route unless given. */
  readonly openApi?: object | undefined;
  /** Default: any free one. */
  readonly port?: number;
}

/** A Coordinator's client API with real TLS and real simulated evidence, and nothing behind it. */
export interface FakeCoordinator {
  /** `localhost:PORT`. */
  readonly host: string;
  readonly chainPem: string;
  /** The manifest that was set; may be set from outside. */
  manifest: Uint8Array | undefined;
  /** What was asked, attestation and status aside. */
  readonly calls: readonly FakeCall[];
  close(): Promise<void>;
}

/** Starts a fake Coordinator on a free loopback port. */
export async function startFakeCoordinator(
  options: FakeCoordinatorOptions,
): Promise<FakeCoordinator> {
  const { dir, evidenceOver, quote = (good) => good } = options;
  const root = await createRoot();
  const platform = await createSimulatedPlatform({
    dir: join(dir, "platform"),
    node: { path: "/nowhere", bytes: 1, sha256: new Uint8Array(32) },
  });
  const tee = platform.teeFor({ ...FAKE_IDENTITY, ...options.identity });
  const asking = { requestCert: true, rejectUnauthorized: false };
  const server = createServer({ cert: root.pem, key: root.keyPem, ...asking });
  const calls: FakeCall[] = [];
  const fake = { host: "", chainPem: `${root.pem}${root.pem}`, manifest: undefined, calls, close };
  const state: FakeCoordinator = fake;

  const evidence = async (nonce: Uint8Array): Promise<string | null> => {
    const covered = concatBytes(evidenceOver ?? root.der, nonce);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", covered));
    const sent = quote(encodeOeQuote(await tee.getEvidence(digest)));
    return sent === undefined ? null : toBase64(sent);
  };
  const answer = async (call: FakeCall): Promise<unknown> => {
    const [method = "", target = ""] = call.route.split(" ");
    const url = new URL(target, "https://localhost");
    const route = `${method} ${url.pathname}`;
    if (!UNCOUNTED.has(route)) calls.push(call);
    const special = options.answer?.(call);
    if (special !== undefined) return special;
    switch (route) {
      case "GET /api/v2/status":
        return state.manifest === undefined
          ? { code: 2, message: "Coordinator is ready to accept a manifest." }
          : { code: 3, message: "Coordinator is running correctly and ready to accept marbles." };
      case "GET /api/v2/quote":
        return { cert: state.chainPem, quote: await evidence(nonceOf(url)) };
      case "GET /api/v2/collateral":
        return options.collateralRoute === false ? undefined : await platform.collateral();
      case "GET /api/v2/manifest":
        if (state.manifest === undefined) throw new Error("requested value not set");
        return await manifestData(state.manifest);
      case "POST /api/v2/manifest":
        if (state.manifest !== undefined) throw new Error("server is not in expected state");
        state.manifest = fromBase64(String(Reflect.get(JSON.parse(call.body), "manifest")));
        return { RecoverySecrets: options.recoverySecrets ?? {} };
      case "GET /api/v2/update":
        return { updateLog: ['{"update":"Initial manifest set"}\n'] };
      default:
        return undefined;
    }
  };
  server.on("request", (request, response) => {
    if (options.openApi !== undefined && request.url === "/api/v2/openapi.json") {
      response.end(JSON.stringify(options.openApi));
      return;
    }
    respond(request, response, answer).catch(() => response.destroy());
  });
  const address = await new Promise<ReturnType<typeof server.address>>((resolve) => {
    server.listen(options.port ?? 0, "127.0.0.1", () => resolve(server.address()));
  });
  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    await platform.close();
  }
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return Object.assign(state, { host: `localhost:${port}` });
}

const UNCOUNTED: ReadonlySet<string> = new Set([
  "GET /api/v2/status",
  "GET /api/v2/quote",
  "GET /api/v2/collateral",
]);

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (call: FakeCall) => Promise<unknown>,
): Promise<void> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
  const route = `${request.method ?? ""} ${request.url ?? "/"}`;
  try {
    const data = await answer({ route, body, certificate: certificateOf(request) });
    response.statusCode = data === undefined ? 405 : 200;
    const status = data === undefined ? "error" : "success";
    response.end(`${JSON.stringify({ status, data: data ?? null })}\n`);
  } catch (error) {
    response.statusCode = error instanceof FakeRefusal ? error.status : 500;
    const message = error instanceof Error ? error.message : "";
    response.end(`${JSON.stringify({ status: "error", data: null, message })}\n`);
  }
}

function certificateOf({ socket }: IncomingMessage): Uint8Array | undefined {
  if (!("getPeerCertificate" in socket)) return undefined;
  const shown = (socket as TLSSocket).getPeerCertificate();
  return "raw" in shown ? new Uint8Array(shown.raw) : undefined;
}

function nonceOf(url: URL): Uint8Array {
  const text = url.searchParams.get("nonce") ?? "";
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}

async function manifestData(manifest: Uint8Array): Promise<object> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(manifest));
  return {
    manifestSignatureRootECDSA: "",
    manifestFingerprint: Buffer.from(digest).toString("hex"),
    manifest: toBase64(manifest),
  };
}

async function createRoot(): Promise<{ der: Uint8Array; pem: string; keyPem: string }> {
  const key = await generateEcKey("P-384");
  const name = commonName("MarbleRun Coordinator - Root CA");
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
        extension.subjectAlternativeName({ dnsNames: ["localhost"], ipAddresses: [] }),
      ],
    },
    key.signer,
  );
  return {
    der,
    pem: encodePem("CERTIFICATE", der),
    keyPem: encodePem("PRIVATE KEY", key.pkcs8),
  };
}
